#pragma once
// What a bus is: a place where a program says something under a subject, and all who have subscribed to that
// hear it, wherever they are. It may lose and double what is said, and be out for a while; a session uses it
// to find its room and its peers, and to reach those to whom no straight path leads.

#include <concepts>
#include <cstddef>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"

namespace tenon {

namespace bus {
inline constexpr std::size_t subject_bytes_max = 64;
inline constexpr std::size_t message_bytes_min = 2048; // that a bus must be able to carry

// Whether a message under `subject` is for who subscribed to `pattern`: the same, or, where that ends in
// ".>", whatever begins like it.
constexpr bool matches(std::string_view pattern, std::string_view subject) {
    if (pattern.size() < 2 || pattern.substr(pattern.size() - 2) != ".>") return pattern == subject;
    const std::size_t head = pattern.size() - 1; // with the dot
    return subject.size() > head && subject.substr(0, head) == pattern.substr(0, head);
}
} // namespace bus

struct NoMessages {
    void operator()(std::string_view, BytesIn) const {}
};

template <class B>
concept HasMessageMax = requires {
    { B::message_max } -> std::convertible_to<std::size_t>;
    requires B::message_max >= bus::message_bytes_min;
};
// From here on what is said under this subject is kept for poll(), as much as there is room for.
template <class B>
concept HasSubscribe = requires(B& b, std::string_view subject) {
    { b.subscribe(subject) } -> std::same_as<Result<>>;
};
// Never waits. An error: it is not open, or its queue is full.
template <class B>
concept HasPublish = requires(B& b, std::string_view subject, BytesIn message) {
    { b.publish(subject, message) } -> std::same_as<Result<>>;
};
// Everything that has come, bounded; bytes live for the call.
template <class B>
concept HasBusPoll = requires(B& b) {
    b.poll(NoMessages{});
};
template <class B>
concept HasBusClose = requires(B& b) {
    b.close();
};

template <class B>
concept BusPolicy = std::default_initializable<B> && std::movable<B> && HasMessageMax<B> && HasSubscribe<B> &&
    HasPublish<B> && HasBusPoll<B> && HasBusClose<B>;

// Says, in one sentence each, what a bus lacks.
template <class B>
struct CheckBus {
    static_assert(std::default_initializable<B> && std::movable<B>,
                  "Bus lacks: a default constructor, which gives one that is closed, or a move constructor "
                  "and assignment");
    static_assert(HasMessageMax<B>,
                  "Bus lacks: static constexpr std::size_t message_max, the largest message in bytes, of at "
                  "least 2048");
    static_assert(HasSubscribe<B>, "Bus lacks: Result<> subscribe(std::string_view subject)");
    static_assert(HasPublish<B>, "Bus lacks: Result<> publish(std::string_view subject, BytesIn message)");
    static_assert(HasBusPoll<B>,
                  "Bus lacks: template <class F> void poll(F&&), calling f(std::string_view subject, BytesIn "
                  "message)");
    static_assert(HasBusClose<B>, "Bus lacks: void close()");
    static constexpr bool ok = BusPolicy<B>;
};

} // namespace tenon
