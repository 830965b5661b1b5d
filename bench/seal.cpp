// What a link adds to its cipher: CPU of sealing and of opening a packet as a link does, beside libsodium's
// bare call for the same bytes with the same key, nonce and additional data; and of whole encrypted packets
// between two sessions over Memory, beside two in plaintext with libsodium's bare calls for each of their
// datagrams. All in turns, by AES-256-GCM and ChaCha20-Poly1305.

#include "game.hpp"
#include "harness.hpp"

#include <memory>

#include <tenon/secure/secure.hpp>

namespace {

using namespace bench;
using namespace tenon::literals;
using namespace tenon::secure;
using tenon::BytesIn;
using tenon::BytesOut;

constexpr std::size_t head_bytes = 3, packets = 64;

double thread_ns() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}
// Nanoseconds of one of so many.
template <class F>
double each(std::size_t count, F&& work) {
    const double before = thread_ns();
    work();
    return (thread_ns() - before) / static_cast<double>(count);
}

// ---- libsodium, and nothing around it

const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }
unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

template <Cipher cipher>
struct Bare;

template <>
struct Bare<Cipher::aes_256_gcm> {
    static constexpr const char* name = "aes";
    alignas(16) crypto_aead_aes256gcm_state state;

    explicit Bare(const Secret<32>& key) { crypto_aead_aes256gcm_beforenm(&state, raw(key.bytes().data())); }
    void seal(std::byte* head, std::size_t size, std::byte* body, std::size_t bytes,
              const std::byte* nonce) const {
        crypto_aead_aes256gcm_encrypt_detached_afternm(raw(body), raw(body + bytes), nullptr, raw(body),
                                                       bytes, raw(head), size, nullptr, raw(nonce), &state);
    }
    bool open(const std::byte* head, std::size_t size, const std::byte* body, std::size_t bytes,
              const std::byte* nonce, std::byte* into) const {
        return crypto_aead_aes256gcm_decrypt_detached_afternm(raw(into), nullptr, raw(body), bytes,
                                                              raw(body + bytes), raw(head), size, raw(nonce),
                                                              &state) == 0;
    }
};

template <>
struct Bare<Cipher::chacha20_poly1305> {
    static constexpr const char* name = "chacha";
    Secret<32> key;

    explicit Bare(const Secret<32>& from) : key(from.copy()) {}
    void seal(std::byte* head, std::size_t size, std::byte* body, std::size_t bytes,
              const std::byte* nonce) const {
        crypto_aead_chacha20poly1305_ietf_encrypt_detached(raw(body), raw(body + bytes), nullptr, raw(body),
                                                           bytes, raw(head), size, nullptr, raw(nonce),
                                                           raw(key.bytes().data()));
    }
    bool open(const std::byte* head, std::size_t size, const std::byte* body, std::size_t bytes,
              const std::byte* nonce, std::byte* into) const {
        return crypto_aead_chacha20poly1305_ietf_decrypt_detached(raw(into), nullptr, raw(body), bytes,
                                                                  raw(body + bytes), raw(head), size,
                                                                  raw(nonce), raw(key.bytes().data())) == 0;
    }
};

// ---- a packet's seal alone

LinkKey link_key(Cipher cipher, bool is_guest) {
    LinkKey key;
    key.cipher = cipher;
    key.is_guest = is_guest;
    const std::byte material[64]{};
    key.derive(material, {1, 2, 3}, "bench");
    return key;
}
// Of the first packets that a guest sends.
Secret<32> packet_key(const LinkKey& link) {
    return tenon::secure::detail::KeyChain(link.guest_sends.copy()).next();
}
Nonce nonce_of(std::uint64_t number) { return tenon::secure::detail::packet_nonce(number, 7); }

struct Row {
    std::vector<double> seal, open, bare_seal, bare_open;
};

// As many as `packets`, one behind the other, so that a turn looks at no packet twice.
struct Packets {
    explicit Packets(std::size_t body_size) : body(body_size), bytes(packets * size(), std::byte{0x5A}) {}

    std::size_t body;
    std::vector<std::byte> bytes;

    std::size_t size() const { return head_bytes + body + tag_bytes; }
    BytesOut at(std::size_t i) { return BytesOut(bytes).subspan(i * size(), size()); }
};

template <Cipher cipher>
bool seal_alone(std::size_t body, int rounds) {
    const LinkKey link = link_key(cipher, true);
    const Bare<cipher> bare(packet_key(link));
    LinkSeal guest(link), host(link_key(cipher, false));
    Packets ours(body), theirs(body), sealed(body);
    std::vector<std::byte> desk(body + tag_bytes), bare_desk(body);
    std::array<Nonce, packets> nonces;
    for (std::size_t i = 0; i < packets; ++i) nonces[i] = nonce_of(i);
    const auto bare_seal = [&](Packets& of) {
        for (std::size_t i = 0; i < packets; ++i)
            bare.seal(of.at(i).data(), head_bytes, of.at(i).data() + head_bytes, body, nonces[i].data());
    };
    bare_seal(sealed); // the packets that both open
    std::uint64_t number = 0;
    for (; number < packets; ++number) guest.close(ours.at(number), head_bytes, number, 7);
    bool good = ours.bytes == sealed.bytes; // both do the same
    constexpr std::size_t laps = 16;
    Row row;
    for (int i = 0; i < rounds; ++i) {
        interleaved(
            1,
            [&] {
                row.seal.push_back(each(packets * laps, [&] {
                    for (std::size_t lap = 0; lap < laps; ++lap)
                        for (std::size_t k = 0; k < packets; ++k)
                            guest.close(ours.at(k), head_bytes, number++, 7);
                }));
            },
            [&] {
                row.bare_seal.push_back(each(packets * laps, [&] {
                    for (std::size_t lap = 0; lap < laps; ++lap) bare_seal(theirs);
                }));
            },
            [&] {
                row.open.push_back(each(packets * laps, [&] {
                    BytesIn frames;
                    for (std::size_t lap = 0; lap < laps; ++lap)
                        for (std::size_t k = 0; k < packets; ++k)
                            good = host.open(sealed.at(k), head_bytes, k, 7, desk, frames) && good;
                }));
            },
            [&] {
                row.bare_open.push_back(each(packets * laps, [&] {
                    for (std::size_t lap = 0; lap < laps; ++lap)
                        for (std::size_t k = 0; k < packets; ++k)
                            good =
                                bare.open(sealed.at(k).data(), head_bytes, sealed.at(k).data() + head_bytes,
                                          body, nonces[k].data(), bare_desk.data()) &&
                                good;
                }));
            });
    }
    good = good && std::equal(bare_desk.begin(), bare_desk.end(), desk.begin());
    const std::string name = std::string("seal.") + Bare<cipher>::name + std::to_string(body);
    std::printf("%s: sealed in %.1f ns (bare %.1f), opened in %.1f ns (bare %.1f)\n", name.c_str(),
                median(row.seal), median(row.bare_seal), median(row.open), median(row.bare_open));
    figure((name + ".seal_vs_bare").c_str(), median(row.seal) / median(row.bare_seal), "ratio");
    figure((name + ".open_vs_bare").c_str(), median(row.open) / median(row.bare_open), "ratio");
    return good;
}

// ---- whole packets

// Memory whose datagrams have room for the largest of those that are measured.
struct Wide : tenon::transport::Memory {
    using Memory::Memory;
    static constexpr tenon::TransportTraits traits = [] {
        tenon::TransportTraits traits = Memory::traits;
        traits.datagram_bytes = 1400;
        return traits;
    }();
};
// Agrees on this cipher, whatever the processor does best.
template <Cipher cipher>
struct GuardWith : Guard {
    using Guard::Guard;
    template <class Side>
    LinkKey key(const Side& side, std::uint64_t schema, std::uint64_t nonce, std::uint64_t host_nonce) const {
        LinkKey key = Guard::key(side, schema, nonce, host_nonce);
        key.cipher = cipher;
        return key;
    }
};
template <Cipher cipher>
struct Enclosed : Wide {
    using Guard = GuardWith<cipher>;
    static constexpr tenon::TransportTraits traits = [] {
        tenon::TransportTraits traits = Wide::traits;
        traits.encrypted = traits.guarded = true;
        return traits;
    }();
    Enclosed(tenon::transport::Exchange& exchange, std::uint32_t host)
        : Wide(exchange, host), keyring_(std::make_unique<Keyring>()) {}
    Guard guard() const { return Guard(*keyring_); }

  private:
    std::unique_ptr<Keyring> keyring_; // where it stays when this is moved
};

// What is done with each datagram on its way.
struct Nothing {
    void operator()(BytesIn) {}
};
// libsodium's bare calls for what the datagram would hold if it were encrypted: one to seal it where it lies,
// one to open it to elsewhere.
template <Cipher cipher>
struct BareOf {
    Bare<cipher> bare{packet_key(link_key(cipher, true))};
    std::array<std::byte, 2048> bytes{}, desk{};
    Nonce nonce = nonce_of(7);
    bool good = true;

    void operator()(BytesIn datagram) {
        const std::size_t body = datagram.size() - tenon::Checksum::front_bytes - head_bytes;
        bare.seal(bytes.data(), head_bytes, bytes.data() + head_bytes, body, nonce.data());
        good =
            bare.open(bytes.data(), head_bytes, bytes.data() + head_bytes, body, nonce.data(), desk.data()) &&
            good;
    }
};

// Two sessions, of which one sends the other a message in each turn: a packet, and now and then one that
// acknowledges. A frame has one byte before the message.
template <class Transport, std::size_t Bytes, class Beside = Nothing>
class Pair {
  public:
    using Message = Blob<Bytes - 1, LossyKind>;
    using Net = tenon::profile::Action<tenon::Game<"seal", 1, tenon::Event<Message>>, Transport>;

    Pair() {
        (void)host_.host(4000);
        (void)guest_.join("host1:4000");
        (void)soon([&] { return turn(), guest_.status() == tenon::Status::joined; });
        for (int i = 0; i < 500; ++i) say();
        heard = carried = 0;
    }
    void on(tenon::PeerId, const Message&) { ++heard; }
    void say() {
        (void)guest_.send(tenon::PeerId::host(), message_);
        turn();
    }
    std::uint64_t heard = 0, carried = 0;
    Beside beside;

  private:
    void turn() {
        now_ += 1_ms;
        guest_.tick(now_, *this);
        carry();
        host_.tick(now_, *this);
        carry();
    }
    void carry() {
        exchange_.take_outgoing([&](const auto& from, const auto& to, tenon::Lane lane, BytesIn bytes) {
            beside(bytes);
            exchange_.deliver(to, from, lane, bytes);
            ++carried;
        });
    }

    tenon::transport::Exchange exchange_;
    tenon::Instant now_ = tenon::now();
    Net host_{{}, Transport(exchange_, 1)}, guest_{{}, Transport(exchange_, 2)};
    Message message_;
};

template <Cipher cipher, std::size_t Bytes>
bool whole_packets(int rounds) {
    const auto plain = std::make_unique<Pair<Wide, Bytes>>();
    const auto with_bare = std::make_unique<Pair<Wide, Bytes, BareOf<cipher>>>();
    const auto secret = std::make_unique<Pair<Enclosed<cipher>, Bytes>>();
    constexpr std::size_t messages = 512;
    const auto run = [](auto& pair, std::vector<double>& into) {
        into.push_back(each(messages, [&] {
            for (std::size_t i = 0; i < messages; ++i) pair->say();
        }));
    };
    std::vector<double> of_plain, of_both, of_secret;
    interleaved(
        rounds, [&] { run(plain, of_plain); }, [&] { run(with_bare, of_both); },
        [&] { run(secret, of_secret); });
    const std::size_t all = messages * static_cast<std::size_t>(rounds);
    const double alone = median(of_plain), both = median(of_both), ours = median(of_secret);
    const std::string name = std::string("seal.") + Bare<cipher>::name + std::to_string(Bytes);
    std::printf(
        "%s: %.0f ns a message of %.2f datagrams; in plaintext %.0f ns, and with the bare cipher %.0f ns\n",
        name.c_str(), ours, static_cast<double>(secret->carried) / static_cast<double>(all), alone, both);
    figure((name + ".packet").c_str(), ours, "ns");
    figure((name + ".packet_overhead").c_str(), (ours - both) / (both - alone), "of_the_cipher");
    return with_bare->beside.good && plain->heard == all && with_bare->heard == all && secret->heard == all;
}

template <Cipher cipher>
bool measure(int rounds) {
    bool good = true;
    for (const std::size_t bytes : {64u, 300u, 1200u}) good = seal_alone<cipher>(bytes, rounds) && good;
    good = whole_packets<cipher, 64>(rounds) && good;
    good = whole_packets<cipher, 300>(rounds) && good;
    return whole_packets<cipher, 1200>(rounds) && good;
}

} // namespace

int main(int argc, char** argv) {
    const auto rounds = static_cast<int>(argument(argc, argv, "--rounds", 201));
    pin(1);
    bool good = ready();
    if (AesGcm::available())
        good = measure<Cipher::aes_256_gcm>(rounds) && good;
    else
        std::printf("this processor has no AES-256-GCM\n");
    good = measure<Cipher::chacha20_poly1305>(rounds) && good;
    return good ? 0 : 1;
}
