#include "allocations.hpp"

#include <cstdlib>
#include <new>

std::size_t allocations::total = 0;

void* operator new(std::size_t size) {
    allocations::total += size;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    std::abort();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    allocations::total += size;
    return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
