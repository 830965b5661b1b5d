#pragma once
// Counts what operator new hands out while a Count lives; allocations.cpp, which tests/meson.build links to the
// programs that count, replaces the operators.

#include <cstddef>

namespace allocations {

extern std::size_t total;

class Count {
  public:
    std::size_t bytes() const { return total - before_; }

  private:
    std::size_t before_ = total;
};

} // namespace allocations
