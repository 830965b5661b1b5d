#pragma once
// Local: a bus inside one program, for sessions in one thread or in several. Its ends meet in a Hub, which
// outlives them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/bus/concept.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"

namespace tenon::bus {

struct HubOptions {
    std::size_t queue_messages = 1024;    // waiting at one end; what comes beyond is lost there, and counted
    std::size_t queue_bytes = 1 << 20;    // the same
    std::size_t publisher_messages = 256; // of these, from any one end, so that none can fill a queue alone
    std::size_t subjects_max = 64;        // that one end may subscribe to
};
struct HubFigures {
    std::uint64_t published = 0, delivered = 0;
    std::uint64_t overflowed = 0; // lost at a full queue
    std::uint64_t flooded = 0;    // lost because one end had filled its share of a queue
};

// Safe to be used by several threads: each call holds one lock for as long as it copies.
class Hub {
  public:
    explicit Hub(HubOptions options = {}) : options_(options) {}
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;

    // While it is out, nothing is taken and nothing arrives.
    void set_out(bool out) {
        const std::scoped_lock lock(mutex_);
        out_ = out;
    }
    HubFigures figures() const {
        const std::scoped_lock lock(mutex_);
        return figures_;
    }

  private:
    friend class Local;
    static constexpr std::uint32_t nobody = 0xFFFF'FFFF;

    struct Message {
        std::uint32_t from = 0;
        std::size_t subject = 0, begin = 0, size = 0;
    };
    // Emptied as a whole, so that its storage is kept.
    struct Queue {
        std::vector<Message> messages;
        std::vector<std::byte> bytes;
        void clear() {
            messages.clear();
            bytes.clear();
        }
    };
    struct End {
        bool open = false;
        std::vector<std::string> patterns;
        Queue queue, spare;
        std::vector<std::uint32_t> from; // how much of the queue is from which end
    };

    std::uint32_t open() {
        const std::scoped_lock lock(mutex_);
        std::uint32_t at = 0;
        while (at < ends_.size() && ends_[at]->open) ++at;
        if (at == ends_.size()) ends_.push_back(std::make_unique<End>());
        ends_[at]->open = true;
        return at;
    }
    void close(std::uint32_t at) {
        const std::scoped_lock lock(mutex_);
        *ends_[at] = End();
    }
    Result<> subscribe(std::uint32_t at, std::string_view subject) {
        if (subject.empty() || subject.size() > subject_bytes_max) return Error::too_large;
        const std::scoped_lock lock(mutex_);
        if (ends_[at]->patterns.size() >= options_.subjects_max) return Error::queue_full;
        ends_[at]->patterns.emplace_back(subject);
        return {};
    }
    Result<> publish(std::uint32_t from, std::string_view subject, BytesIn message) {
        const std::scoped_lock lock(mutex_);
        if (out_) return Error::closed;
        ++figures_.published;
        Error first = Error::none;
        for (const auto& end : ends_) {
            if (!end->open || !listens(*end, subject)) continue;
            const Error error = put(*end, from, subject, message);
            first = first == Error::none ? error : first;
        }
        return first;
    }
    static bool listens(const End& end, std::string_view subject) {
        for (const std::string& pattern : end.patterns)
            if (matches(pattern, subject)) return true;
        return false;
    }
    Error put(End& end, std::uint32_t from, std::string_view subject, BytesIn message) {
        Queue& queue = end.queue;
        const std::size_t size = subject.size() + message.size();
        if (queue.messages.size() >= options_.queue_messages ||
            queue.bytes.size() + size > options_.queue_bytes)
            return ++figures_.overflowed, Error::queue_full;
        if (end.from.size() <= from) end.from.resize(from + 1);
        if (end.from[from] >= options_.publisher_messages) return ++figures_.flooded, Error::flooded;
        ++end.from[from];
        ++figures_.delivered;
        queue.messages.push_back({from, subject.size(), queue.bytes.size(), message.size()});
        const BytesIn head = bytes_of(subject);
        queue.bytes.insert(queue.bytes.end(), head.begin(), head.end());
        queue.bytes.insert(queue.bytes.end(), message.begin(), message.end());
        return Error::none;
    }
    // What waits there, in exchange for an empty one.
    bool take(std::uint32_t at, Queue& into) {
        const std::scoped_lock lock(mutex_);
        End& end = *ends_[at];
        if (out_ || end.queue.messages.empty()) return false;
        std::swap(into, end.queue);
        std::swap(end.queue, end.spare);
        end.from.assign(end.from.size(), 0);
        return true;
    }
    void give_back(std::uint32_t at, Queue& queue) {
        queue.clear();
        const std::scoped_lock lock(mutex_);
        if (ends_[at]->open) std::swap(ends_[at]->spare, queue);
    }

    HubOptions options_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<End>> ends_;
    HubFigures figures_;
    bool out_ = false;
};

// One end. Made without a Hub, it stays closed.
class Local {
  public:
    static constexpr std::size_t message_max = 65536;

    Local() = default;
    explicit Local(Hub& hub) : hub_(&hub), at_(hub.open()) {}
    Local(Local&& other) noexcept : hub_(std::exchange(other.hub_, nullptr)), at_(other.at_) {}
    Local& operator=(Local&& other) noexcept {
        std::swap(hub_, other.hub_);
        std::swap(at_, other.at_);
        return *this;
    }
    ~Local() { close(); }

    Result<> subscribe(std::string_view subject) {
        return hub_ != nullptr ? hub_->subscribe(at_, subject) : Result<>(Error::closed);
    }
    // An error tells that at least one of those who listen did not get it; the others did.
    Result<> publish(std::string_view subject, BytesIn message) {
        if (hub_ == nullptr) return Error::closed;
        if (message.size() > message_max || subject.size() > subject_bytes_max) return Error::too_large;
        return hub_->publish(at_, subject, message);
    }
    // Everything that had come before the call. `f` may publish and close.
    template <class F>
    void poll(F&& f) {
        Hub::Queue queue;
        if (hub_ == nullptr || !hub_->take(at_, queue)) return;
        for (std::size_t i = 0; i < queue.messages.size() && hub_ != nullptr; ++i) {
            const Hub::Message& message = queue.messages[i];
            const BytesIn whole(queue.bytes.data() + message.begin, message.subject + message.size);
            f(text_of(whole.first(message.subject)), whole.subspan(message.subject));
        }
        if (hub_ != nullptr) hub_->give_back(at_, queue);
    }
    void close() {
        if (hub_ != nullptr) hub_->close(at_);
        hub_ = nullptr;
    }
    bool is_open() const { return hub_ != nullptr; }

  private:
    Hub* hub_ = nullptr;
    std::uint32_t at_ = 0;
};

} // namespace tenon::bus
