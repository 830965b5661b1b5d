#include "tenon/link/nothing_beside.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace tenon;

TEST_CASE("commands in a stream need no numbers, and those that were let go are counted") {
    NothingBeside sends, hears;
    for (std::uint32_t i = 1; i <= 40; ++i) CHECK(*sends.push_command({10}, bytes_of("steer")) == i);
    CHECK(sends.commands_at() == Instant{});
    std::array<std::byte, 2048> buffer;
    StreamWriter out{BytesOut(buffer)};
    sends.fill_commands(out, {});
    CHECK(sends.commands_at() == Instant::never());
    CHECK(sends.bytes() == 0);
    ByteReader frame(BytesIn(buffer).first(out.finish()));
    std::uint32_t heard = 0;
    LinkEvent event;
    while (frame.left() != 0) {
        const std::uint8_t tag = frame.u8();
        REQUIRE(NothingBeside::knows(tag));
        const Result<bool> read = hears.read(tag, frame, event);
        REQUIRE(read);
        if (!*read) continue;
        ++heard;
        CHECK(text_of(event.payload) == "steer");
        CHECK(event.number == 8 + heard);
    }
    CHECK(heard == 32);
    CHECK(hears.commands_missed() == 8);
}

TEST_CASE("a command that is too large is refused, and one that is none is malformed") {
    NothingBeside link;
    CHECK(link.push_command({10}, bytes_of(std::string(601, 'x'))).error() == Error::too_large);
    CHECK(link.push_command({10}, bytes_of(std::string(600, 'x'))));
    LinkEvent event;
    const auto read = [&](std::uint8_t tag, std::string_view text) {
        ByteReader frame(bytes_of(text));
        return link.read(tag, frame, event).error();
    };
    CHECK(read(stream_frame::command, "\x0A\x05xx") == Error::malformed);
    CHECK(read(stream_frame::command, "\xFF\xFF\x0F\x01x") == Error::malformed); // no such type
    CHECK(read(stream_frame::skipped, "\xFF\xFF\xFF\xFF\x7F") == Error::malformed);
    CHECK(read(stream_frame::skipped, "") == Error::malformed);
    CHECK(read(stream_frame::skipped, "\x03") == Error::none);
    CHECK(link.commands_missed() == 3);
}
