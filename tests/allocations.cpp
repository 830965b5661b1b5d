#include "allocations.hpp"

#include <cstdlib>
#include <new>

std::size_t allocations::total = 0;

namespace {

void* counted(std::size_t size) {
    allocations::total += size;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    std::abort();
}

} // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
