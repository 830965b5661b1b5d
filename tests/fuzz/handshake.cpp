// The datagrams of the handshake, as they are and with their checksum made right: what is read is written the
// same again, nobody gets in without a cookie, and no answer is larger than its question.
//   input: u8 what to do, then a datagram without its kind and checksum
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "tenon/link/redial.hpp"
#include "tenon/room/entrance.hpp"
#include "tenon/transport/memory.hpp"

#include "../link/plain_words.hpp"

namespace {

using namespace plain;

using tenon::BytesIn;
namespace meeting = tenon::meeting;

constexpr std::array<std::uint32_t, 3> hashes{1, 2, 3};

void must(bool holds) {
    if (!holds) std::abort();
}
tenon::Terms terms() {
    tenon::Terms terms;
    terms.game = 0x0101'0101'0101'0101;
    terms.type_hashes = hashes;
    return terms;
}

// What was read, written again, begins like the datagram; padding and what follows the fields is not read.
template <class Datagram>
void check_rewritten(const Datagram& read, BytesIn datagram, std::size_t fields) {
    std::array<std::byte, 2048> again{};
    must(write(again, read) >= fields && fields <= datagram.size());
    must(std::equal(again.begin() + 5, again.begin() + static_cast<std::ptrdiff_t>(fields),
                    datagram.begin() + 5));
}
void check_connect(tenon::Connect connect, BytesIn datagram) {
    must(connect.name.size() <= tenon::name_bytes_max && connect.hash_count() <= 255);
    std::array<std::uint32_t, 255> copied{};
    for (std::size_t i = 0; i < connect.hash_count(); ++i) copied[i] = connect.hash(i);
    connect.terms.type_hashes = std::span<const std::uint32_t>(copied.data(), connect.hash_count());
    must(connect.credential.size() <= tenon::credential_bytes_max);
    must(connect.hash_count() <= connect.type_count);
    // A writer tells all hashes for which there is room, a reader takes fewer as well, and more in a longer
    // datagram.
    const std::size_t fields = 72 + connect.name.size() + 2 + connect.credential.size();
    const std::size_t told = fields + 2 + connect.hashes.size();
    const bool all = connect.hash_count() == connect.type_count && told <= meeting::connect_bytes;
    check_rewritten(connect, datagram, all ? told : fields);
    std::size_t type = 0;
    tenon::compare(terms(), connect, type);
    must(type <= hashes.size());
}

void read_all(BytesIn datagram, std::uint8_t kind) {
    if (kind == meeting::hello)
        if (const auto hello = plain::read_hello(datagram)) check_rewritten(*hello, datagram, 23);
    if (kind == meeting::challenge)
        if (const auto challenge = plain::read_challenge(datagram)) check_rewritten(*challenge, datagram, 25);
    if (kind == meeting::connect)
        if (const auto connect = plain::read_request(datagram)) check_connect(*connect, datagram);
    if (kind == meeting::accept)
        if (const auto accept = plain::read_accept(datagram)) check_rewritten(*accept, datagram, 49);
    if (kind == meeting::refusal)
        if (const auto refusal = tenon::read_refusal(datagram);
            refusal && refusal->text.size() <= 80 &&
            static_cast<std::uint8_t>(refusal->reason) == std::to_integer<std::uint8_t>(datagram[13]))
            check_rewritten(*refusal, datagram, 15 + refusal->text.size());
    if (kind == meeting::resume)
        if (const auto resume = tenon::read_resume(datagram)) {
            check_rewritten(*resume, datagram, 43);
            must(resume->packet.size() == datagram.size() - meeting::resume_bytes);
            must(resume->packet.data() + resume->packet.size() == datagram.data() + datagram.size());
        }
}

constexpr tenon::Instant now{100'000'000'000};
constexpr std::uint64_t nonce = 0x0202'0202'0202'0202;

// A host that hears it. Without the cookie that the harness may put in, nobody is let in.
void hear(tenon::BytesOut datagram, std::uint8_t kind, bool with_cookie) {
    const tenon::transport::MemoryAddress from{7, 4000};
    // A fuzzer sees what a cookie is compared with and tries it next; by then the secret is another.
    const tenon::SipKey secret{tenon::hash64(datagram), tenon::hash64(datagram, 1)};
    tenon::Entrance<tenon::transport::MemoryAddress, tenon::Plain> entrance(secret, tenon::Plain());
    const auto is_played = [](std::uint64_t game) { return game == terms().game; };
    if (kind == meeting::hello) entrance.greet(now, from, datagram, is_played);
    if (kind == meeting::connect && datagram.size() >= 27) {
        if (with_cookie) {
            const auto fair =
                tenon::Door(secret).challenge(now, from.text(), tenon::load_le<std::uint64_t>(&datagram[7]));
            tenon::store_le(&datagram[15], fair.cookie);
            tenon::store_le(&datagram[23], fair.stamp);
        }
        const auto told_nothing = [](std::uint64_t) { return tenon::BytesIn(); };
        must(static_cast<bool>(entrance.hear(now, from, datagram, told_nothing)) ==
             (with_cookie && static_cast<bool>(plain::read_request(datagram))));
        entrance.spend(now, tenon::load_le<std::uint64_t>(&datagram[7])); // one stay for one request
        must(entrance.is_spent(now, tenon::load_le<std::uint64_t>(&datagram[7])));
    }
    if (const auto* reply = entrance.front()) must(reply->size != 0 && reply->size <= datagram.size());
}

// A caller who hears it, before and after the challenge.
void answer(BytesIn datagram, std::uint8_t kind, bool challenged) {
    const tenon::Plain guard;
    tenon::Knock<tenon::Plain> knock;
    std::array<std::byte, 1200> buffer{};
    knock.begin(now, tenon::seconds(5), nonce, terms(), "name", guard, {});
    must(knock.poll_transmit(now, buffer) == tenon::Plain::hello_bytes);
    if (challenged) {
        const std::size_t size = write(buffer, tenon::Challenge{nonce, 5, 6});
        must(!knock.handle_datagram(now, BytesIn(buffer).first(size)));
        must(knock.poll_transmit(now, buffer) == meeting::connect_bytes);
    }
    const bool over = knock.handle_datagram(now, datagram);
    const auto state = knock.state();
    must(over == (state == tenon::Knock<tenon::Plain>::State::accepted ||
                  state == tenon::Knock<tenon::Plain>::State::refused));
    must(state != tenon::Knock<tenon::Plain>::State::accepted || (challenged && kind == meeting::accept));
    must(state != tenon::Knock<tenon::Plain>::State::refused || kind == meeting::refusal);
    must(knock.text().size() <= 96);
    if (over) must(knock.poll_timeout() == tenon::Instant::never());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 1500) return 0;
    const std::uint8_t what = data[0];
    const BytesIn raw{reinterpret_cast<const std::byte*>(data), size};
    if (const std::uint8_t kind = tenon::meeting_kind(raw); kind != 0) read_all(raw, kind);

    // As long as asked for, so that mutations of a short seed reach the padded kinds as well.
    auto* bytes = new std::byte[5 + 1200 + size];
    std::fill(bytes, bytes + 5 + 1200 + size, std::byte{0});
    const std::size_t whole = 4 + size + (what & 8 ? 1200 : 0);
    tenon::copy(bytes + 5, raw.subspan(1));
    bytes[0] = static_cast<std::byte>(meeting::hello + what % 6);
    tenon::store_le(bytes + 1, tenon::detail::meeting_checksum(BytesIn(bytes, whole)));
    // In an allocation of exactly its size.
    auto* exact = new std::byte[whole];
    tenon::copy(exact, BytesIn(bytes, whole));
    delete[] bytes;
    const tenon::BytesOut datagram(exact, whole);
    const std::uint8_t kind = tenon::meeting_kind(datagram);
    must(kind == meeting::hello + what % 6);
    read_all(datagram, kind);
    answer(datagram, kind, (what & 16) != 0);
    hear(datagram, kind, (what & 16) != 0);
    delete[] exact;
    return 0;
}
