#include "tenon/replica/replay.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "duel.hpp"
#include "tenon/codec/binary.hpp"
#include "tenon/replica/recording.hpp"

using namespace duel;

namespace {

using Again = Replay<Rules, codec::Bits>;
using Bytes = std::vector<std::byte>;

// A session of so many ticks, as a room's lockstep records it.
Bytes recorded(std::uint64_t ticks, Battle& battle, std::uint64_t first = 0) {
    Bytes file;
    const auto sink = [&](BytesIn bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); };
    Lockstep book;
    Snapshots state(1);
    Stepper<Move, codec::Bits> stepper;
    RecordingWriter writer;
    book.begin(first, bytes_of_move(0), 5);
    book.join(PeerId{0});
    REQUIRE(state.save(0, battle));
    writer.begin(detail::recording_head<Rules, codec::Bits>(60), sink);
    writer.state(book, first, state.at(0), sink);
    for (std::uint64_t tick = first; tick < first + ticks; ++tick) {
        if (tick == 20) book.join(PeerId{3});
        if (tick == 40) book.leave(PeerId{3});
        book.note(PeerId{0}, tick, bytes_of_move(static_cast<std::int32_t>(tick / 4)));
        book.close();
        stepper.run(book, tick, battle);
        REQUIRE(state.save(0, battle));
        writer.tick(book, tick, state_checksum(state.at(0)), sink);
    }
    writer.end(sink);
    writer.end(sink); // once is enough
    return file;
}

} // namespace

TEST_CASE("a recording, played again, comes out bit for bit the same") {
    Battle battle;
    const Bytes file = recorded(100, battle);
    Battle again;
    Again replay(file);
    CHECK(replay.open());
    CHECK(replay.hz() == 60);
    CHECK(replay.play(again));
    CHECK(replay.tick().value == 100);
    CHECK(again.sum == battle.sum);
    CHECK(again.ran == battle.ran);
    CHECK(replay.step(again).value_or(true) == false); // and stays at its end
    Battle twice;
    CHECK(recorded(100, twice) == file);
}

TEST_CASE("a recording that was cut short says so, wherever it was cut, and plays until there") {
    Battle battle;
    const Bytes file = recorded(50, battle);
    for (std::size_t size = 0; size < file.size(); ++size) {
        Battle again;
        Again replay(BytesIn(file).first(size));
        const auto played = replay.play(again);
        CHECK(played.error() == Error::truncated);
        CHECK(replay.tick().value == again.ran.size());
    }
}

TEST_CASE("a recording in which anything was changed is refused") {
    Battle battle;
    const Bytes file = recorded(30, battle);
    for (std::size_t i = 0; i < file.size(); ++i) {
        Bytes damaged = file;
        damaged[i] ^= std::byte{0x10};
        Battle again;
        Again replay(damaged);
        CHECK(!replay.play(again));
    }
    Bytes longer = file;
    longer.push_back(std::byte{0});
    Battle again;
    CHECK(Again(longer).play(again).error() == Error::trailing_bytes);
}

TEST_CASE("a recording of another game, build, codec or format is refused by name") {
    Battle battle;
    const Bytes file = recorded(3, battle);
    using Other = Game<"other", 1, Command<Move>>;
    using Newer = Game<"duel", 2, Command<Move>>;
    CHECK(Replay<Other, codec::Bits>(file).open().error() == Error::wrong_game);
    CHECK(Replay<Newer, codec::Bits>(file).open().error() == Error::schema_mismatch);
    CHECK(Replay<Rules, codec::Binary>(file).open().error() == Error::codec_mismatch);
    Bytes format = file;
    format[8] = std::byte{2};
    CHECK(Again(format).open().error() == Error::version_mismatch);
    const Bytes text(100, std::byte{'x'});
    CHECK(Again(text).open().error() == Error::malformed);
    CHECK(Again(BytesIn()).open().error() == Error::truncated);
}

TEST_CASE("a game that comes out differently is stopped at its first wrong tick") {
    Battle battle;
    const Bytes file = recorded(50, battle);
    struct Broken : Battle {
        void step(Tick tick, const Inputs<Move>& inputs) {
            Battle::step(tick, inputs);
            if (tick.value == 33) ++units[1].x;
        }
    } broken;
    Again replay(file);
    CHECK(replay.play(broken).error() == Error::desynced);
    CHECK(replay.tick().value == 33);
}

TEST_CASE("frames that a file must not have are malformed") {
    const auto played = [](auto&& write) {
        Bytes file;
        const auto sink = [&](BytesIn bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); };
        Lockstep book;
        RecordingWriter writer;
        book.begin(5, bytes_of_move(0), 5);
        book.join(PeerId{0});
        book.close();
        writer.begin(detail::recording_head<Rules, codec::Bits>(60), sink);
        write(writer, book, sink);
        Battle battle;
        return Again(file).play(battle).error();
    };
    // A tick without a state before it; an end that tells of another tick; a state that is none.
    CHECK(played([](auto& writer, auto& book, auto& sink) { writer.tick(book, 5, 1, sink); }) ==
          Error::malformed);
    CHECK(played([](auto& writer, auto&, auto& sink) { writer.end(sink); }) == Error::none);
    CHECK(played([](auto& writer, auto& book, auto& sink) {
              writer.state(book, 5, bytes_of_move(1), sink);
          }) == Error::truncated);
}
