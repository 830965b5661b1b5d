#pragma once
// Replaces operator new, so that a benchmark can say how often and how much its process allocates. For one
// source file of a program.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace bench {

struct Heap {
    std::uint64_t calls = 0;
    std::uint64_t live = 0; // bytes, as asked for
};
inline Heap heap;

// In front of each piece stands its size, as wide as the strictest alignment asks.
inline void* counted(std::size_t size, std::size_t align) {
    const std::size_t head = align < 16 ? 16 : align;
    void* raw = std::aligned_alloc(head, (size + 2 * head - 1) / head * head);
    if (raw == nullptr) return nullptr;
    ++heap.calls;
    heap.live += size;
    auto* piece = static_cast<std::byte*>(raw) + head;
    reinterpret_cast<std::size_t*>(piece)[-1] = size;
    reinterpret_cast<std::size_t*>(piece)[-2] = head;
    return piece;
}
inline void uncounted(void* piece) {
    if (piece == nullptr) return;
    const auto* words = static_cast<std::size_t*>(piece);
    heap.live -= words[-1];
    std::free(static_cast<std::byte*>(piece) - words[-2]);
}
inline void* counted_or_end(std::size_t size, std::size_t align) {
    void* piece = counted(size, align);
    if (piece == nullptr) std::abort();
    return piece;
}

} // namespace bench

void* operator new(std::size_t size) { return bench::counted_or_end(size, 16); }
void* operator new[](std::size_t size) { return bench::counted_or_end(size, 16); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return bench::counted(size, 16); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return bench::counted(size, 16); }
void* operator new(std::size_t size, std::align_val_t to) {
    return bench::counted_or_end(size, static_cast<std::size_t>(to));
}
void* operator new[](std::size_t size, std::align_val_t to) {
    return bench::counted_or_end(size, static_cast<std::size_t>(to));
}
void* operator new(std::size_t size, std::align_val_t to, const std::nothrow_t&) noexcept {
    return bench::counted(size, static_cast<std::size_t>(to));
}
void* operator new[](std::size_t size, std::align_val_t to, const std::nothrow_t&) noexcept {
    return bench::counted(size, static_cast<std::size_t>(to));
}
void operator delete(void* piece) noexcept { bench::uncounted(piece); }
void operator delete[](void* piece) noexcept { bench::uncounted(piece); }
void operator delete(void* piece, std::size_t) noexcept { bench::uncounted(piece); }
void operator delete[](void* piece, std::size_t) noexcept { bench::uncounted(piece); }
void operator delete(void* piece, std::align_val_t) noexcept { bench::uncounted(piece); }
void operator delete[](void* piece, std::align_val_t) noexcept { bench::uncounted(piece); }
void operator delete(void* piece, std::size_t, std::align_val_t) noexcept { bench::uncounted(piece); }
void operator delete[](void* piece, std::size_t, std::align_val_t) noexcept { bench::uncounted(piece); }
