#include "tenon/transport/natpmp.hpp"

#include <doctest/doctest.h>
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <thread>

#include "tenon/transport/udp.hpp"

using namespace tenon;
using namespace tenon::literals;
using namespace tenon::transport;

namespace {

// A gateway of RFC 6886 on this machine alone, at an address of its own, since its port is not ours to
// choose.
class Gateway {
  public:
    enum class Mood { kind, busy, silent, rambling };
    std::atomic<Mood> mood;
    std::atomic<unsigned> open = 0, asked = 0;

    explicit Gateway(Mood how) : mood(how) {
        for (int i = 0; i < 50 && !udp_; ++i) {
            const std::uint64_t draw = system_entropy();
            at_ = IpAddress::v4(127, 83, std::uint8_t(draw >> 8), std::uint8_t(draw | 1), 5351);
            udp_ = std::make_unique<Udp>(UdpOptions{.bind = at_});
            if (!udp_->open(5351)) udp_.reset();
        }
        REQUIRE(udp_);
        thread_ = std::thread([this] {
            while (!ends_) {
                udp_->wait(tenon::now() + 5_ms);
                udp_->poll([&](const IpAddress& from, Lane, BytesIn said) { hear(from, said); });
                udp_->flush();
            }
        });
    }
    ~Gateway() {
        ends_ = true;
        thread_.join();
    }
    const IpAddress& at() const { return at_; }

  private:
    static std::uint64_t system_entropy() { return transport::detail::system_entropy(); }
    static std::uint32_t big(BytesIn from, std::size_t at, std::size_t count) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < count; ++i)
            value = value << 8 | std::to_integer<std::uint32_t>(from[at + i]);
        return value;
    }
    void hear(const IpAddress& from, BytesIn said) {
        ++asked;
        if (mood == Mood::silent || said.size() < 2) return;
        std::array<std::byte, 16> answer{};
        const auto put = [&](std::size_t at, std::uint32_t value, std::size_t count) {
            for (std::size_t i = count; i-- > 0; value >>= 8) answer[at + i] = std::byte(value & 0xFF);
        };
        const std::uint32_t kind = big(said, 1, 1);
        put(1, 128 + kind, 1);
        put(2, mood == Mood::busy ? 4 : 0, 2); // out of resources
        put(4, 1000, 4);
        if (kind == 0) {
            put(8, 0xCB007109, 4); // 203.0.113.9
        } else {
            const std::uint32_t lease = big(said, 8, 4);
            put(8, mood == Mood::rambling ? 1 : big(said, 4, 2), 2);
            put(10, lease == 0 ? 0 : big(said, 6, 2) + 1, 2); // it has another port for us
            put(12, lease, 4);
            open = lease == 0 ? 0 : open + 1;
        }
        (void)udp_->send(from, {}, BytesIn(answer).first(kind == 0 ? 12 : 16));
    }

    IpAddress at_;
    std::unique_ptr<Udp> udp_;
    std::atomic<bool> ends_ = false;
    std::thread thread_;
};

const std::atomic<bool> goes_on = false;

} // namespace

TEST_CASE("a gateway of NAT-PMP opens a port, says which, and closes it") {
    Gateway gateway(Gateway::Mood::kind);
    NatPmp way({.gateway = gateway.at()});
    for (const bool tcp : {false, true}) {
        const MappingWish wish{.port = 4000, .tcp = tcp};
        const auto at = way.open(wish, goes_on);
        REQUIRE(at);
        CHECK(*at == IpAddress::v4(203, 0, 113, 9, 4001));
        CHECK(gateway.open == 1);
        way.close(wish, *at);
        CHECK(gateway.open == 0);
    }
    PortMapping<NatPmp> mapping({.port = 4000, .outside = 5000}, NatPmp({.gateway = gateway.at()}));
    for (int i = 0; i < 500 && !mapping.address(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    CHECK(mapping.address().value_or({}).port == 5001);
}

TEST_CASE("a gateway that refuses, rambles, or says nothing is no way") {
    Gateway gateway(Gateway::Mood::busy);
    NatPmp way({.gateway = gateway.at(), .patience = 300_ms});
    CHECK(way.open({.port = 4000}, goes_on).error() == Error::refused);
    gateway.mood = Gateway::Mood::rambling;
    CHECK(way.open({.port = 4000}, goes_on).error() == Error::malformed);
    gateway.mood = Gateway::Mood::silent;
    CHECK(way.open({.port = 4000}, goes_on).error() == Error::unreachable);
    const std::atomic<bool> ends = true;
    const unsigned asked = gateway.asked;
    CHECK(way.open({.port = 4000}, ends).error() == Error::unreachable);
    CHECK(gateway.asked <= asked + 1);
}
