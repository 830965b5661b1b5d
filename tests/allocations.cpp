#include "allocations.hpp"

#include <cstdlib>
#include <new>

std::size_t allocations::total = 0, allocations::made = 0;

namespace {

#if defined(_WIN32)
void* take(std::size_t size, std::size_t alignment) { return _aligned_malloc(size, alignment); }
void give(void* memory) { _aligned_free(memory); }
#else
void* take(std::size_t size, std::size_t alignment) { return std::aligned_alloc(alignment, size); }
void give(void* memory) { std::free(memory); }
#endif

void* counted(std::size_t size, std::size_t alignment) {
    ++allocations::made;
    allocations::total += size;
    const std::size_t bytes = (size + alignment - 1) / alignment * alignment;
    if (void* memory = take(bytes == 0 ? alignment : bytes, alignment)) return memory;
    std::abort();
}
constexpr std::size_t usual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

} // namespace

void* operator new(std::size_t size) { return counted(size, usual); }
void* operator new[](std::size_t size) { return counted(size, usual); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size, usual); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted(size, usual); }
void* operator new(std::size_t size, std::align_val_t at) { return counted(size, std::size_t(at)); }
void* operator new[](std::size_t size, std::align_val_t at) { return counted(size, std::size_t(at)); }
void operator delete(void* memory) noexcept { give(memory); }
void operator delete[](void* memory) noexcept { give(memory); }
void operator delete(void* memory, std::size_t) noexcept { give(memory); }
void operator delete[](void* memory, std::size_t) noexcept { give(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { give(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { give(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { give(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { give(memory); }
