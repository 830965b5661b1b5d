#pragma once
// Events kept in a store of fixed size: appended at its end, taken from its front, and moved together when
// the end is reached. The Ledger keeps in it what somebody may still lack.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/room/filed.hpp"

namespace tenon {

class Kept {
  public:
    explicit Kept(std::size_t bytes_max) : bytes_max_(bytes_max < UINT32_MAX ? bytes_max : UINT32_MAX) {}
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    ~Kept() { ::operator delete(bytes_); }

    static std::size_t record_bytes(BytesIn payload) { return sizeof(Head) + payload.size(); }
    bool could_fit(BytesIn payload) const {
        return payload.size() <= bytes_max_ && record_bytes(payload) <= bytes_max_;
    }
    // Room at the end, without moving anything.
    bool fits(BytesIn payload) const {
        return could_fit(payload) && record_bytes(payload) <= bytes_max_ - end_;
    }
    std::size_t bytes() const { return end_ - begin_; }
    std::size_t bytes_max() const { return bytes_max_; }
    bool empty() const { return begin_ == end_; }

    // At the end; the caller has seen that it fits. False: out of memory, when it is first used.
    bool push(const Filed& filed) { return put(end_, filed); }
    // In front of the first later one that its origin said to all, so that those of one origin stay in order.
    bool insert(const Filed& filed) {
        std::size_t at = begin_;
        for (; at != end_; at += head(at).bytes) {
            const Head later = head(at);
            if (later.origin == filed.origin.value && later.to == PeerId::none_value &&
                later.serial > filed.serial)
                break;
        }
        return put(at, filed);
    }
    void clear() { begin_ = end_ = 0; }

    // f(const Filed&) of each, oldest first. f must not keep or drop anything.
    template <class F>
    void for_each(F&& f) const {
        for (std::size_t at = begin_; at != end_; at += head(at).bytes)
            if (const Filed filed = read(at); filed.origin) f(filed);
    }
    // f(Filed&) may give one another serial and another target, and gives false to drop it.
    template <class F>
    void revise(F&& f) {
        for (std::size_t at = begin_; at != end_; at += head(at).bytes) {
            Filed filed = read(at);
            if (!filed.origin) continue;
            Head changed = head(at);
            if (!f(filed)) changed.origin = PeerId::none_value;
            changed.to = filed.to.value;
            changed.serial = filed.serial;
            std::memcpy(bytes_ + at, &changed, sizeof changed);
        }
    }
    // Forgets from the front on, as long as is_done(filed).
    template <class F>
    void trim(F&& is_done) {
        while (begin_ != end_) {
            const Filed first = read(begin_);
            if (first.origin && !is_done(first)) return;
            begin_ += head(begin_).bytes;
        }
        clear();
    }
    // Forgets all that is done, and moves the others together.
    template <class F>
    void sweep(F&& is_done) {
        std::size_t to = 0;
        for (std::size_t at = begin_; at != end_;) {
            const Filed filed = read(at);
            const std::size_t size = head(at).bytes;
            if (filed.origin && !is_done(filed)) {
                std::memmove(bytes_ + to, bytes_ + at, size);
                to += size;
            }
            at += size;
        }
        begin_ = 0;
        end_ = to;
    }

  private:
    struct Head {
        std::uint32_t bytes, origin, to, serial; // with the head; dropped when it has no origin
        std::uint16_t type;
    };

    Head head(std::size_t at) const {
        Head head;
        std::memcpy(&head, bytes_ + at, sizeof head);
        return head;
    }
    Filed read(std::size_t at) const {
        const Head head = this->head(at);
        return {PeerId{head.origin}, head.serial, PeerId{head.to}, MessageType{head.type},
                BytesIn(bytes_ + at + sizeof head, head.bytes - sizeof head)};
    }
    bool put(std::size_t at, const Filed& filed) {
        TENON_ASSERT(fits(filed.payload), "what is kept must fit");
        if (bytes_ == nullptr) bytes_ = static_cast<std::byte*>(::operator new(bytes_max_, std::nothrow));
        if (bytes_ == nullptr) return false;
        const std::size_t size = record_bytes(filed.payload);
        Head head{};
        head.bytes = static_cast<std::uint32_t>(size);
        head.origin = filed.origin.value;
        head.to = filed.to.value;
        head.serial = filed.serial;
        head.type = filed.type.value;
        if (at != end_) std::memmove(bytes_ + at + size, bytes_ + at, end_ - at);
        std::memcpy(bytes_ + at, &head, sizeof head);
        copy(bytes_ + at + sizeof head, filed.payload);
        end_ += size;
        return true;
    }

    std::size_t bytes_max_;
    std::byte* bytes_ = nullptr;
    std::size_t begin_ = 0, end_ = 0;
};

} // namespace tenon
