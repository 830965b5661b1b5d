// A guest and a host who meet, while somebody between them delivers their datagrams in any order, keeps them
// back, says them again, elsewhere or in pieces, and makes up others: in plaintext and encrypted. A small
// model says who may sit and who may be joined; and when the two are let be, they meet.
//   input: u8 1: encrypted, then steps of u8 what, u8 a, u8 b
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/secure/secure.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

namespace {

using namespace tenon;
using Address = transport::MemoryAddress;
using Bytes = std::vector<std::byte>;
using Secure = transport::Secure<transport::Memory>;

struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Talk = Game<"talk", 1, Event<Word, Ordered>>;
template <class Transport>
using NetOver = Session<Talk, Transport, codec::Bits, clock::Independent<>, topology::ClientServer,
                        reliability::AckVector>;

// Of the whole run, told at its end where it is a long one.
struct Tally {
    unsigned long long delivered = 0, in_turn = 0;
    ~Tally() {
        if (std::getenv("TENON_LONG") != nullptr)
            std::printf("%llu datagrams were delivered, %llu of them made up or out of turn\n", delivered,
                        delivered - in_turn);
    }
} tally;

void must(bool holds) {
    if (!holds) std::abort();
}

template <class Transport>
Transport at(transport::Exchange& exchange, std::uint32_t host) {
    if constexpr (std::is_same_v<Transport, Secure>) {
        static secure::Keyring keyrings[3]; // made once: keys take longer than all the rest
        return Secure(keyrings[host], transport::Memory(exchange, host));
    } else {
        return transport::Memory(exchange, host);
    }
}

template <class Transport>
class Meeting {
  public:
    static constexpr bool is_private = std::is_same_v<Transport, Secure>;

    Meeting() {
        must(bool(host_.host(4000)));
        must(bool(guest_.join("host1:4000")));
        step(milliseconds(1));
    }

    void take(std::uint8_t what, std::uint8_t a, std::uint8_t b) {
        switch (what % 12) {
            case 0:
                return step(milliseconds(a % 32 == 31 ? 1500 : a % 32 * 5));
            case 1: // as it should be
            case 2:
                if (flying_.empty()) return step(milliseconds(5));
                return deliver_next(a);
            case 3:
                if (!flying_.empty()) flying_.erase(flying_.begin() + a % static_cast<int>(flying_.size()));
                return;
            case 4:
                return deliver(kept(a)); // again, or before its time
            case 5: {
                Datagram forged = kept(a);
                forged.bytes[(a * 7u + b) % forged.bytes.size()] ^= static_cast<std::byte>(1u << (b % 8));
                return make_up(forged);
            }
            case 6: {
                Datagram forged = kept(a);
                forged.bytes[b % forged.bytes.size()] = static_cast<std::byte>(a * 31u + b);
                return make_up(forged);
            }
            case 7: {
                Datagram forged = kept(a);
                forged.bytes.resize(b % 4 == 0 ? forged.bytes.size() + b : b * forged.bytes.size() / 256);
                return make_up(forged);
            }
            case 8: { // the head of one and the rest of another
                Datagram forged = kept(a);
                const Bytes& other = kept(b).bytes;
                const std::size_t size = std::min(forged.bytes.size(), other.size());
                constexpr std::size_t cuts[] = {5, 7, 13, 15, 23, 27, 59, 60};
                for (std::size_t i = cuts[a / 32]; i < size; ++i) forged.bytes[i] = other[i];
                return make_up(forged);
            }
            case 9: { // to whom it came from
                Datagram forged = kept(a);
                std::swap(forged.from, forged.to);
                return deliver(forged);
            }
            case 10: { // from elsewhere
                Datagram forged = kept(a);
                forged.from = {3, static_cast<std::uint16_t>(4000 + b % 2)};
                return deliver(forged);
            }
            default: // from elsewhere with a cookie of its own, for the same nonce
                return knock_elsewhere(a);
        }
    }

    // Nobody stands between any more.
    void let_be() {
        for (int turn = 0; turn < 12000; ++turn) {
            while (!flying_.empty()) deliver_next(0);
            // In plaintext it may have been told anything about the room.
            if (!is_private && turn % 3000 == 2999) guest_.leave();
            if (guest_.status() == Status::closed) must(bool(guest_.join("host1:4000")));
            if (guest_.status() == Status::joined) (void)guest_.send(PeerId::host(), Word{1});
            step(milliseconds(10));
            if (at_host_.heard != 0) return;
        }
        must(false);
    }

  private:
    using Net = NetOver<Transport>;
    struct Datagram {
        Address from{}, to{};
        Bytes bytes;
    };
    struct Player {
        int heard = 0;
        void on(PeerId, const Word&) { ++heard; }
    };
    struct Cookie {
        Address to{};
        std::uint64_t nonce = 0, cookie = 0;
        std::uint32_t stamp = 0;
    };

    static constexpr Address host_address{1, 4000};

    Datagram kept(std::size_t which) const { return kept_[which % kept_.size()]; }
    void deliver_next(std::size_t which) {
        const auto at = flying_.begin() + static_cast<int>(which % flying_.size());
        const Datagram datagram = *at;
        flying_.erase(at);
        ++tally.in_turn;
        deliver(datagram);
    }
    void make_up(Datagram& forged) {
        if (forged.bytes.size() > 5 && std::to_integer<unsigned>(forged.bytes[0]) >= 0x80)
            store_le(&forged.bytes[1], detail::meeting_checksum(forged.bytes));
        deliver(forged);
    }
    void knock_elsewhere(std::size_t which) {
        Datagram stolen = kept(which);
        if (stolen.bytes.size() < meeting::connect_bytes || meeting_kind(stolen.bytes) != meeting::connect)
            return;
        const Address here{3, 4000};
        const auto nonce = load_le<std::uint64_t>(&stolen.bytes[7]);
        std::byte hello[1200];
        const std::size_t size =
            write(hello, Hello{nonce, stable_id("talk"), protocol_version}, guard_of(host_.transport()));
        deliver({here, host_address, Bytes(hello, hello + size)});
        for (const Cookie& cookie : cookies_)
            if (cookie.to == here && cookie.nonce == nonce) {
                store_le(&stolen.bytes[15], cookie.cookie);
                store_le(&stolen.bytes[23], cookie.stamp);
            }
        stolen.from = here;
        make_up(stolen);
    }

    // ---- what may come of a datagram

    void deliver(const Datagram& datagram) {
        ++tally.delivered;
        if (datagram.bytes.empty()) return;
        if (datagram.to == host_address && meeting_kind(datagram.bytes) == meeting::connect) expect(datagram);
        if (datagram.to == guest_.transport().local_address() &&
            meeting_kind(datagram.bytes) == meeting::accept)
            may_join_ = may_join_ || is_answer(datagram.bytes);
        (void)exchange_.deliver(datagram.to, datagram.from, {}, datagram.bytes);
        turn();
    }
    // Who may sit from now on: whoever shows a cookie of its own, and where that is encrypted, with nothing
    // but what the guest has said.
    void expect(const Datagram& datagram) {
        const auto asked = read_connect(datagram.bytes);
        if (!asked) return;
        bool has_cookie = false;
        for (const Cookie& cookie : cookies_)
            has_cookie = has_cookie || (cookie.to == datagram.from && cookie.nonce == asked->nonce &&
                                        cookie.cookie == asked->cookie && cookie.stamp == asked->stamp);
        if (!has_cookie || (is_private && !is_among(asked_, datagram.bytes))) return;
        if (std::find(may_sit_.begin(), may_sit_.end(), datagram.from) == may_sit_.end())
            may_sit_.push_back(datagram.from);
    }
    bool is_answer(const Bytes& bytes) const {
        if (is_private) return is_among(answers_, bytes);
        for (const Bytes& asked : asked_)
            if (bytes.size() >= 13 && std::equal(&bytes[5], &bytes[5] + 8, &asked[7])) return true;
        return false;
    }
    static bool is_among(const std::vector<Bytes>& said, const Bytes& bytes) {
        for (const Bytes& one : said)
            if (one.size() == bytes.size() && std::equal(one.begin() + 5, one.end(), bytes.begin() + 5))
                return true;
        return false;
    }

    void step(Duration time) {
        now_ += time;
        turn();
    }
    void turn() {
        host_.tick(now_, at_host_);
        guest_.tick(now_, at_guest_);
        exchange_.take_outgoing([this](const Address& from, const Address& to, Lane, BytesIn bytes) {
            Datagram datagram{from, to, Bytes(bytes.begin(), bytes.end())};
            const std::uint8_t kind = meeting_kind(bytes);
            ByteReader shown;
            if (kind == meeting::challenge)
                if (const auto challenge = read_challenge(bytes, shown); challenge && from == host_address)
                    cookies_.push_back({to, challenge->nonce, challenge->cookie, challenge->stamp});
            if (kind == meeting::connect) asked_.push_back(datagram.bytes);
            if (kind == meeting::accept) answers_.push_back(datagram.bytes);
            if (kept_.size() < 200) kept_.push_back(datagram);
            if (to.host < 3) flying_.push_back(std::move(datagram));
        });
        must(host_.status() == Status::hosting);
        must(host_.health().peer_count <= may_sit_.size());
        must(guest_.status() != Status::joined || may_join_);
        if (guest_.status() == Status::closed) may_join_ = false;
    }

    transport::Exchange exchange_{9u};
    Net host_{{.room = "lobby", .seed = 5}, at<Transport>(exchange_, 1)};
    Net guest_{{.room = "lobby", .seed = 6}, at<Transport>(exchange_, 2)};
    Player at_host_, at_guest_;
    Instant now_{5'000'000'000};
    std::vector<Datagram> kept_;
    std::deque<Datagram> flying_;
    std::vector<Cookie> cookies_;
    std::vector<Bytes> asked_, answers_;
    std::vector<Address> may_sit_;
    bool may_join_ = false;
};

template <class Transport>
void run(const std::uint8_t* data, std::size_t size) {
    Meeting<Transport> meeting;
    for (std::size_t i = 0; i + 3 <= size && i < 3 * 120; i += 3)
        meeting.take(data[i], data[i + 1], data[i + 2]);
    meeting.let_be();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    if ((data[0] & 1) != 0)
        run<Secure>(data + 1, size - 1);
    else
        run<transport::Memory>(data + 1, size - 1);
    return 0;
}
