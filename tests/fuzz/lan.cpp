// Words of a local network, to a host's sign and to a lobby's list, as they are and with their checksum and
// number made right: what is read is written the same again, no answer is longer than what it answers, and
// no list grows without end.
//   input: (u8 how, u8 size, bytes)...; how 1: to the list, 2: the checksum is put behind it, 4: the first
//   eight bytes behind the kind become the number that was asked with, 8: half a second goes by before; the
//   rest of it says from which host
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "tenon/core/siphash.hpp"
#include "tenon/lan/lobby.hpp"
#include "tenon/lan/sign.hpp"
#include "tenon/transport/memory.hpp"

namespace {

using namespace tenon;
using transport::MemoryAddress;
constexpr std::uint64_t game = stable_id("fuzzed");

void must(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lan::Replies<MemoryAddress> replies(game, 1);
    lan::Rooms<MemoryAddress> rooms(game, 1, 2, Random(3));
    Instant now{1'000'000'000};
    std::array<std::byte, lan::question_bytes> question;
    must(rooms.ask(now, question) == question.size());
    std::uint64_t number = *lan::read_question(question, game);
    for (std::size_t at = 0; at + 2 <= size;) {
        const std::uint8_t how = data[at];
        const std::size_t count = std::min<std::size_t>(data[at + 1], size - at - 2);
        std::array<std::byte, 260> word{};
        copy(word.data(), {reinterpret_cast<const std::byte*>(data) + at + 2, count});
        at += 2 + count;
        if ((how & 4) != 0 && count >= 9) store_le(word.data() + 1, number);
        std::size_t whole = count;
        if ((how & 2) != 0) {
            store_le(word.data() + count, lan::detail::checksum(game, BytesIn(word).first(count)));
            whole += 4;
        }
        if ((how & 8) != 0) {
            now += milliseconds(500);
            if (rooms.ask(now, question) != 0) number = *lan::read_question(question, game);
            rooms.turn(now);
        }
        const MemoryAddress from{std::uint32_t(how >> 4), 9};
        const BytesIn said = BytesIn(word).first(whole);
        if ((how & 1) != 0) {
            const auto read = lan::read_answer(said, game);
            if (read) {
                std::array<std::byte, lan::answer_bytes_max> again{};
                const std::size_t written = lan::write_answer(again, read->number, read->listing, game);
                must(written == whole &&
                     std::equal(again.begin(), again.begin() + std::ptrdiff_t(written), word.begin()));
                must(lan::Text::is_plain(read->listing.room.view()));
            }
            const bool taken = bool(rooms.hear(now, from, said));
            must(!taken || read);
            must(rooms.size() <= 64 && rooms.next() > now);
            for (std::size_t i = 0; i < rooms.size(); ++i) must(rooms[i].address.port != 0);
        } else {
            std::array<std::byte, 400> answer;
            lan::Listing listing;
            listing.port = 4;
            const std::size_t told = replies.answer(now, from, said, listing, answer);
            must(told <= whole && (told == 0 || lan::read_answer(BytesIn(answer).first(told), game)));
        }
    }
    return 0;
}
