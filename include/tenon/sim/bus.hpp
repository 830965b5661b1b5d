#pragma once
// Bus: a message bus in a simulated world. Its ends reach a broker over the network like any other host, so
// that words on it are late, lost or parted as the paths and the seed have it. World::bus gives them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/bus/concept.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/transport/memory.hpp"

namespace tenon::sim {

inline constexpr std::uint32_t broker_host = 0xB050'0000; // where all of a world's buses meet
inline constexpr std::uint16_t bus_port = 4222, bus_ports_max = 256;

// Passes on what it hears to all who have subscribed. Who that is it knows at once, whatever the paths do.
class Broker {
  public:
    explicit Broker(transport::Exchange& exchange) : exchange_(&exchange), port_(exchange, broker_host) {
        (void)port_.open(bus_port);
    }
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    void turn() {
        port_.poll([this](const transport::MemoryAddress&, Lane, BytesIn datagram) {
            const std::size_t size = datagram.empty() ? 0 : std::to_integer<std::size_t>(datagram[0]);
            if (datagram.size() < 1 + size) return; // damaged on its way
            const std::string_view subject = text_of(datagram.subspan(1, size));
            for (const End& end : ends_)
                if (listens(end, subject)) (void)port_.send(end.at, Lane{}, datagram);
        });
    }
    transport::Exchange& exchange() { return *exchange_; }

  private:
    friend class Bus;
    struct End {
        transport::MemoryAddress at;
        std::vector<std::string> patterns;
    };
    static bool listens(const End& end, std::string_view subject) {
        for (const std::string& pattern : end.patterns)
            if (bus::matches(pattern, subject)) return true;
        return false;
    }
    void subscribe(const transport::MemoryAddress& at, std::string_view subject) {
        for (End& end : ends_)
            if (end.at == at) return void(end.patterns.emplace_back(subject));
        ends_.push_back({at, {std::string(subject)}});
    }
    void forget(const transport::MemoryAddress& at) {
        for (std::size_t i = ends_.size(); i-- > 0;)
            if (ends_[i].at == at) ends_.erase(ends_.begin() + static_cast<std::ptrdiff_t>(i));
    }

    transport::Exchange* exchange_;
    transport::Memory port_;
    std::vector<End> ends_;
};

// One end. Whoever is driven by a World is given a turn when something arrives.
class Bus {
  public:
    static constexpr std::size_t message_max = 65536;
    static constexpr bool wakes = true;

    Bus() = default;
    Bus(Broker& broker, std::uint32_t host) : broker_(&broker), port_(broker.exchange(), host) {
        for (std::uint16_t port = bus_port; port < bus_port + bus_ports_max && !port_.is_open(); ++port)
            (void)port_.open(port);
    }
    Bus(Bus&& other) noexcept
        : broker_(std::exchange(other.broker_, nullptr)), port_(std::move(other.port_)) {}
    Bus& operator=(Bus&& other) noexcept {
        std::swap(broker_, other.broker_);
        std::swap(port_, other.port_);
        return *this;
    }
    ~Bus() { close(); }

    Result<> subscribe(std::string_view subject) {
        if (!is_open()) return Error::closed;
        if (subject.empty() || subject.size() > bus::subject_bytes_max) return Error::too_large;
        broker_->subscribe(port_.local_address(), subject);
        return {};
    }
    Result<> publish(std::string_view subject, BytesIn message) {
        if (!is_open()) return Error::closed;
        if (message.size() > message_max || subject.size() > bus::subject_bytes_max) return Error::too_large;
        const std::size_t size = 1 + subject.size() + message.size();
        const BytesOut into = port_.prepare({broker_host, bus_port}, Lane{}, size);
        if (into.size() < size) return Error::queue_full;
        into[0] = static_cast<std::byte>(subject.size());
        copy(into.data() + 1, bytes_of(subject));
        copy(into.data() + 1 + subject.size(), message);
        (void)port_.commit(size);
        return {};
    }
    template <class F>
    void poll(F&& f) {
        port_.poll([&](const transport::MemoryAddress&, Lane, BytesIn datagram) {
            const std::size_t size = datagram.empty() ? 0 : std::to_integer<std::size_t>(datagram[0]);
            if (datagram.size() < 1 + size) return;
            f(text_of(datagram.subspan(1, size)), datagram.subspan(1 + size));
        });
    }
    void close() {
        if (is_open()) broker_->forget(port_.local_address());
        port_.close();
        broker_ = nullptr;
    }
    bool is_open() const { return broker_ != nullptr && port_.is_open(); }
    transport::MemoryAddress address() const { return port_.local_address(); }

  private:
    Broker* broker_ = nullptr;
    transport::Memory port_;
};

} // namespace tenon::sim
