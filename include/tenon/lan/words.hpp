#pragma once
// What is said in a local network, byte by byte: a question to everybody, which rooms of a game there are,
// and a host's answer to it. Everything that is read here comes from outside. PROTOCOL.md tells the layout.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tenon/codec/json_text.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::lan {

inline constexpr std::uint16_t default_port = 47'624; // where hosts listen for questions
inline constexpr std::size_t question_bytes = 160;    // padded, so that no answer is longer
inline constexpr std::size_t text_bytes_max = 48;     // of a name
inline constexpr std::size_t answer_bytes_max = 1 + 8 + 8 + 8 + 4 + 2 + 2 + 2 + 2 * (1 + text_bytes_max) + 4;
static_assert(answer_bytes_max <= question_bytes);

// The host alone: in one network all hosts have a /64 of IPv6 in common.
template <class Address>
constexpr Address host_of(Address address) {
    address.port = 0;
    return address;
}

enum class Kind : std::uint8_t { asks = 0x91, tells = 0x92 };

// A name, held in itself; what is too long is cut, between two characters where it is UTF-8.
class Text {
  public:
    Text() = default;
    explicit Text(std::string_view text) {
        std::size_t size = 0;
        while (size < text.size()) {
            const std::size_t step = codec::detail::utf8_size(text.substr(size));
            if (size + (step != 0 ? step : 1) > text_bytes_max) break;
            size += step != 0 ? step : 1;
        }
        size_ = static_cast<std::uint8_t>(size);
        text.copy(text_.data(), size);
    }
    std::string_view view() const { return {text_.data(), size_}; }
    // UTF-8 without control characters: it may be shown on a terminal.
    static bool is_plain(std::string_view text) {
        while (!text.empty()) {
            const std::size_t size = codec::detail::utf8_size(text);
            const auto first = static_cast<unsigned char>(text[0]);
            if (size == 0 || first < 0x20 || first == 0x7F) return false;
            if (size == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0) return false;
            text.remove_prefix(size);
        }
        return true;
    }

  private:
    std::array<char, text_bytes_max> text_{};
    std::uint8_t size_ = 0;
};

// A room, as its host tells of it.
struct Listing {
    std::uint64_t instance = 0;            // this sign's number, the same in all its answers
    std::uint64_t schema = 0;              // of its game's types
    std::uint32_t version = 0;             // of its game
    std::uint16_t port = 0;                // at which the host is joined
    std::uint16_t players = 0, places = 0; // there, and at most
    Text room, text;                       // the room's name, and what the host says of it
};

namespace detail {

inline std::uint32_t checksum(std::uint64_t game, BytesIn bytes) {
    return static_cast<std::uint32_t>(hash64(bytes, game ^ 0x6C61'6E00'0001u));
}
inline bool is_whole(BytesIn word, Kind kind, std::uint64_t game) {
    if (word.size() < 5 || std::to_integer<std::uint8_t>(word[0]) != static_cast<std::uint8_t>(kind))
        return false;
    const BytesIn said = word.first(word.size() - 4);
    return load_le<std::uint32_t>(word.data() + said.size()) == checksum(game, said);
}
inline std::size_t finish(ByteWriter& out, BytesIn whole, std::uint64_t game) {
    if (!out.ok()) return 0;
    out.u32(checksum(game, whole.first(out.position())));
    return out.ok() ? out.position() : 0;
}
inline Text get_text(ByteReader& in) {
    const BytesIn text = in.sized();
    if (!in.ok() || text.size() > text_bytes_max || !Text::is_plain(text_of(text))) return in.fail(), Text();
    return Text(text_of(text));
}

} // namespace detail

// Asks for the rooms of the game; the answers repeat the number, which nobody else can know.
inline std::size_t write_question(BytesOut into, std::uint64_t number, std::uint64_t game) {
    if (into.size() < question_bytes) return 0;
    ByteWriter out(into);
    out.u8(static_cast<std::uint8_t>(Kind::asks));
    out.u64(number);
    const std::size_t padding = question_bytes - 4 - out.position();
    std::memset(into.data() + out.position(), 0, padding);
    out.skip(padding);
    return detail::finish(out, into, game);
}
// The number. A question that is shorter than an answer may be is refused.
inline Result<std::uint64_t> read_question(BytesIn word, std::uint64_t game) {
    if (word.size() < question_bytes) return Error::truncated;
    if (word.size() > question_bytes) return Error::trailing_bytes;
    if (!detail::is_whole(word, Kind::asks, game)) return Error::bad_checksum;
    return load_le<std::uint64_t>(word.data() + 1);
}

inline std::size_t write_answer(BytesOut into, std::uint64_t number, const Listing& listing,
                                std::uint64_t game) {
    ByteWriter out(into);
    out.u8(static_cast<std::uint8_t>(Kind::tells));
    out.u64(number);
    out.u64(listing.instance);
    out.u64(listing.schema);
    out.u32(listing.version);
    out.u16(listing.port);
    out.u16(listing.players);
    out.u16(listing.places);
    out.sized(bytes_of(listing.room.view()));
    out.sized(bytes_of(listing.text.view()));
    return detail::finish(out, into, game);
}
struct Answer {
    std::uint64_t number = 0;
    Listing listing;
};
inline Result<Answer> read_answer(BytesIn word, std::uint64_t game) {
    if (word.size() > answer_bytes_max) return Error::over_bound;
    if (!detail::is_whole(word, Kind::tells, game)) return Error::bad_checksum;
    ByteReader in(word.subspan(1, word.size() - 5));
    Answer answer;
    Listing& listing = answer.listing;
    answer.number = in.u64();
    listing.instance = in.u64();
    listing.schema = in.u64();
    listing.version = in.u32();
    listing.port = in.u16();
    listing.players = in.u16();
    listing.places = in.u16();
    listing.room = detail::get_text(in);
    listing.text = detail::get_text(in);
    if (!in.ok()) return Error::malformed;
    if (in.left() != 0) return Error::trailing_bytes;
    return listing.port != 0 ? Result<Answer>(answer) : Error::malformed;
}

} // namespace tenon::lan
