#pragma once
// Counts the calls of operator new, and what they hand out, while a Count lives; allocations.cpp, which
// tests/meson.build links to the programs that count, replaces the operators.

#include <cstddef>

namespace allocations {

extern std::size_t total, made; // bytes, and calls

class Count {
  public:
    std::size_t bytes() const { return total - total_before_; }
    std::size_t calls() const { return made - made_before_; }

  private:
    std::size_t total_before_ = total, made_before_ = made;
};

} // namespace allocations
