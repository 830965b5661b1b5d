#pragma once
// Waker: one thread sleeps until another wakes it, which costs the other a system call only when it does
// sleep. Threaded has one for each of its two threads; a transport that can be woken takes it in wait().

#include <atomic>
#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/eventfd.h>
#include <unistd.h>
#endif

namespace tenon::transport {

class Waker {
  public:
#if defined(__linux__)
    Waker() : handle_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
    ~Waker() {
        if (handle_ >= 0) ::close(handle_);
    }
#else
    Waker() = default;
#endif
    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;

    // Where it doesn't, because the system lacks it, whoever sleeps naps instead and looks again.
    bool works() const { return handle_ >= 0; }
    // What becomes readable when it wakes: for those who sleep on several things.
    int handle() const { return handle_; }

    // For the sleeper: from here on it is woken. What it waits for is looked for once more after this, and
    // both sides use sequentially consistent order: else each could miss the other.
    void doze() { asleep_.store(true, std::memory_order_seq_cst); }
    void rise() { asleep_.store(false, std::memory_order_relaxed); }
    // What woke it is used up.
    void clear() {
#if defined(__linux__)
        std::uint64_t count = 0;
        [[maybe_unused]] const auto taken = ::read(handle_, &count, sizeof count);
#endif
    }

    // For the other: false when nobody sleeps.
    bool wake() {
        if (!asleep_.load(std::memory_order_seq_cst) || !asleep_.exchange(false)) return false;
#if defined(__linux__)
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(handle_, &one, sizeof one);
#endif
        return true;
    }

  private:
    int handle_ = -1;
    std::atomic<bool> asleep_{false};
};

} // namespace tenon::transport
