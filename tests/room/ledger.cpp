#include "tenon/room/ledger.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../allocations.hpp"
#include "tenon/core/random.hpp"
#include "tenon/room/accounts.hpp"
#include "tenon/room/book.hpp"
#include "tenon/room/filed.hpp"
#include "tenon/room/heard.hpp"
#include "tenon/room/kept.hpp"
#include "tenon/room/ledger_report.hpp"
#include "tenon/room/ledger_start.hpp"

using namespace tenon;

namespace {

using Hearing = Ledger::Hearing;
constexpr MessageType loose{10}, strict{11}; // delivered in any order, and in order
constexpr PeerId all = PeerId::none();

// What travels between a guest and the centre.
struct Parcel {
    enum class Kind { event, report, settled, start, left, done } kind = Kind::event;
    std::vector<std::byte> bytes;
};
// One way of a link: a lane in order, and one without.
struct Way {
    std::deque<Parcel> ordered, any;
    bool empty() const { return ordered.empty() && any.empty(); }
};

struct Member {
    explicit Member(std::uint32_t number) : id{number} { ledger.begin(id); }

    PeerId id;
    Ledger ledger{1 << 16};
    bool alive = true, started = true, survivor = false, done = false, reported = false;
    Way up, down;                           // to the centre and from it
    std::map<std::string, int> heard;       // how often
    std::set<std::string> before;           // what was said before it came
    std::map<std::string, unsigned> newest; // of each stream in order, the last that it heard
    std::vector<std::string> said_to_all;
    std::vector<std::pair<PeerId, std::string>> said_to_one;
    std::map<std::string, unsigned> counters;
};

// A star that plays the procedure which a room follows.
class Star {
  public:
    Star(std::uint64_t seed, std::uint32_t count) : random_(seed) {
        add().ledger.preside();
        for (std::uint32_t i = 1; i < count; ++i) join();
    }

    Member& at(std::size_t i) { return *members_[i]; }
    std::size_t size() const { return members_.size(); }
    Member& centre() { return *members_[centre_]; }
    std::vector<Member*> guests() {
        std::vector<Member*> found;
        for (auto& member : members_)
            if (member->alive && member.get() != &centre()) found.push_back(member.get());
        return found;
    }

    void step() {
        switch (random_.below(12)) {
            case 0:
            case 1:
                for (std::uint64_t i = 0; i <= eager_; ++i) say(random_.chance(0.6));
                return;
            case 2:
                return report();
            case 3:
                return tell();
            default:
                for (int i = 0; i < 2; ++i) deliver();
        }
    }
    void join() {
        Member& member = add();
        Member& host = centre();
        host.ledger.seat(member.id, true);
        member.started = false;
        member.before = host.before;
        for (const auto& [text, count] : host.heard) member.before.insert(text);
        for (const auto& text : host.said_to_all) member.before.insert(text);
        std::size_t place = 0;
        for (std::byte room[64];;) {
            const BytesIn part = host.ledger.write_start(room, place);
            if (part.empty()) break;
            put(member.down.ordered, Parcel::Kind::start, part);
        }
        host.ledger.for_each_kept([&](const Filed& filed) {
            if (!filed.direct()) send(member.down.ordered, filed);
        });
        put(member.down.ordered, Parcel::Kind::done, {});
    }
    // A guest goes for good.
    void leave() {
        const auto there = guests();
        if (there.size() < 2) return;
        Member& gone = *there[random_.below(there.size())];
        gone.alive = false;
        centre().ledger.forget(gone.id);
        if (recovered()) centre().ledger.recovered();
        for (Member* guest : guests()) put(guest->down.ordered, Parcel::Kind::left, number(gone.id));
    }
    // The centre goes, and one who is ready takes over.
    void lose_centre() {
        std::vector<std::size_t> ready;
        for (std::size_t i = 0; i < members_.size(); ++i)
            if (members_[i]->alive && i != centre_ && members_[i]->started) ready.push_back(i);
        if (ready.empty()) return;
        Member& lost = centre();
        lost.alive = false;
        centre_ = ready[random_.below(ready.size())];
        Member& host = centre();
        for (auto& member : members_) {
            member->up = member->down = Way();
            member->done = member->reported = false;
            member->alive = member->alive && member->started;
            for (auto& other : members_) // whose leaving they were not told is told by the new centre
                if (member->alive && !other->alive && other->id != lost.id) member->ledger.forget(other->id);
        }
        host.ledger.preside();
        host.ledger.readdress(lost.id, host.id, [](const Filed& filed) { CHECK(filed.to); });
        host.ledger.forget(lost.id);
        for (Member* guest : guests()) {
            host.ledger.seat(guest->id);
            guest->survivor = true;
            guest->ledger.follow();
            guest->ledger.readdress(lost.id, host.id, [](const Filed&) {});
            guest->ledger.forget(lost.id);
            write_reports(*guest);
            guest->ledger.for_each_kept([&](const Filed& filed) {
                if (!filed.direct()) send(guest->up.ordered, filed);
            });
            put(guest->up.ordered, Parcel::Kind::done, {});
        }
        if (recovered()) host.ledger.recovered();
    }
    void finish() {
        for (int round = 0; round < 100; ++round) {
            while (deliver()) {
            }
            report();
            tell();
        }
    }

    void check() {
        for (auto& one : members_) {
            if (!one->alive) continue;
            CHECK(one->ledger.bytes() == 0);
            CHECK(one->ledger.dropped() == 0);
            CHECK_FALSE(one->ledger.report_due());
            for (const auto& heard : one->heard) CHECK_MESSAGE(heard.second == 1, heard.first);
            for (auto& other : members_) {
                if (other == one) continue;
                if (other->alive)
                    for (const auto& text : other->said_to_all)
                        CHECK_MESSAGE(one->heard.count(text) + one->before.count(text) == 1, text);
                for (const auto& said : other->said_to_one)
                    if (other->alive && said.first == one->id)
                        CHECK_MESSAGE(one->heard.count(said.second) == 1, said.second);
                // Of who is gone, all have heard the same.
                for (const auto& text : other->said_to_all)
                    for (auto& third : members_)
                        if (third->alive && third != other && one->before.empty() && third->before.empty())
                            CHECK_MESSAGE(one->heard.count(text) == third->heard.count(text), text);
            }
        }
    }
    Random& random() { return random_; }
    unsigned refused = 0;

  private:
    Member& add() {
        members_.push_back(std::make_unique<Member>(static_cast<std::uint32_t>(members_.size())));
        return *members_.back();
    }
    static BytesIn number(PeerId id) {
        static std::byte bytes[4];
        store_le(bytes, id.value);
        return bytes;
    }
    static void put(std::deque<Parcel>& lane, Parcel::Kind kind, BytesIn bytes) {
        lane.push_back({kind, std::vector<std::byte>(bytes.begin(), bytes.end())});
    }
    static void send(std::deque<Parcel>& lane, const Filed& filed) {
        std::byte room[256];
        ByteWriter out{BytesOut(room)};
        filed.write_head(out);
        out.bytes(filed.payload);
        REQUIRE(out.ok());
        put(lane, Parcel::Kind::event, BytesIn(room, out.position()));
    }
    static void send(Way& way, const Filed& filed) {
        send(filed.type == strict ? way.ordered : way.any, filed);
    }
    bool recovered() {
        for (Member* guest : guests())
            if (guest->survivor && !guest->done) return false;
        return true;
    }

    void say(bool to_all) {
        Member* from = members_[random_.below(members_.size())].get();
        Member* to = members_[random_.below(members_.size())].get();
        if (!from->alive || !from->started || !to->alive || from == to) return;
        if (!to_all && from != &centre() && !to->started) return;
        const MessageType type = random_.chance(0.5) ? strict : loose;
        const std::string stream = std::to_string(from->id.value) +
                                   (to_all ? " all" : " to " + std::to_string(to->id.value)) +
                                   (type == strict ? " strict" : " loose");
        const std::string text = stream + "#" + std::to_string(++from->counters[stream]);
        const auto filed = from->ledger.file(to_all ? all : to->id, type, bytes_of(text));
        REQUIRE(filed);
        if (to_all) {
            from->said_to_all.push_back(text);
        } else {
            from->said_to_one.push_back({to->id, text});
            if (from->ledger.holds_back(to->id)) return;
        }
        from == &centre() ? pass_on(*filed, nullptr) : send(from->up, *filed);
    }
    void pass_on(const Filed& filed, const Member* from) {
        for (Member* guest : guests()) {
            if (guest == from || guest->id == filed.origin || (filed.direct() && filed.to != guest->id))
                continue;
            // To who has just come everything goes in order, behind its start. Who was here before is given
            // what it lacks when it has reported.
            if (guest->reported || (guest->survivor && filed.direct()))
                send(guest->down, filed);
            else if (!guest->survivor)
                send(guest->down.ordered, filed);
        }
    }
    void hear(Member& member, const Filed& filed, const Member* from) {
        if (filed.direct() && filed.to != member.id) return pass_on(filed, from);
        const Hearing hearing = member.ledger.hear(filed);
        refused += hearing == Hearing::refused ? 1 : 0;
        if (hearing == Hearing::fresh) {
            const std::string text(text_of(filed.payload));
            ++member.heard[text];
            if (filed.type == strict) {
                unsigned& newest = member.newest[text.substr(0, text.find('#'))];
                const auto count = static_cast<unsigned>(std::stoul(text.substr(text.find('#') + 1)));
                CHECK_MESSAGE(count > newest, text);
                newest = count;
            }
        }
        if (&member == &centre() && !filed.direct() &&
            (hearing == Hearing::fresh || hearing == Hearing::again))
            pass_on(filed, from);
    }

    void write_reports(Member& guest) {
        for (std::byte room[256];;) {
            const std::size_t size = 10 + random_.below(80);
            const BytesIn report = guest.ledger.write_report(BytesOut(room, size));
            if (report.empty()) return;
            put(guest.up.ordered, Parcel::Kind::report, report);
        }
    }
    void report() {
        for (Member* guest : guests())
            if (guest->started && random_.chance(0.7)) write_reports(*guest);
    }
    void tell() {
        for (Member* guest : guests()) {
            if (random_.chance(0.3)) continue;
            std::byte room[256];
            const std::size_t size = 10 + random_.below(80);
            const BytesIn told = centre().ledger.write_settled(guest->id, BytesOut(room, size));
            if (!told.empty()) put(guest->down.ordered, Parcel::Kind::settled, told);
        }
    }

    bool deliver() {
        std::vector<Member*> waiting;
        for (Member* guest : guests())
            if (!guest->up.empty() || !guest->down.empty()) waiting.push_back(guest);
        if (waiting.empty()) return false;
        Member& guest = *waiting[random_.below(waiting.size())];
        const bool up = guest.down.empty() || (!guest.up.empty() && random_.chance(0.5));
        Way& way = up ? guest.up : guest.down;
        auto& lane = way.ordered.empty() || (!way.any.empty() && random_.chance(0.5)) ? way.any : way.ordered;
        const std::size_t at = &lane == &way.any ? random_.below(std::min<std::size_t>(lane.size(), 8)) : 0;
        const Parcel parcel = lane[at];
        lane.erase(lane.begin() + static_cast<std::ptrdiff_t>(at));
        up ? climb(guest, parcel) : descend(guest, parcel);
        return true;
    }
    void climb(Member& guest, const Parcel& parcel) {
        Member& host = centre();
        if (parcel.kind == Parcel::Kind::event) {
            const auto filed = Filed::read(parcel.bytes);
            REQUIRE(filed);
            hear(host, *filed, &guest);
        } else if (parcel.kind == Parcel::Kind::report) {
            const auto completed = host.ledger.hear_report(guest.id, parcel.bytes);
            REQUIRE(completed);
            guest.reported = guest.reported || *completed;
            if (*completed)
                host.ledger.for_each_lacked(guest.id,
                                            [&](const Filed& filed) { send(guest.down.ordered, filed); });
        } else if (parcel.kind == Parcel::Kind::done) {
            guest.done = true;
            if (recovered()) host.ledger.recovered();
        }
    }
    void descend(Member& guest, const Parcel& parcel) {
        if (parcel.kind == Parcel::Kind::event) {
            const auto filed = Filed::read(parcel.bytes);
            REQUIRE(filed);
            hear(guest, *filed, nullptr);
        } else if (parcel.kind == Parcel::Kind::settled) {
            REQUIRE(guest.ledger.hear_settled(parcel.bytes,
                                              [&](const Filed& filed) { send(guest.up.ordered, filed); }));
        } else if (parcel.kind == Parcel::Kind::start) {
            REQUIRE(guest.ledger.adopt_start(parcel.bytes));
        } else if (parcel.kind == Parcel::Kind::left) {
            guest.ledger.forget(PeerId{load_le<std::uint32_t>(parcel.bytes.data())});
        } else if (parcel.kind == Parcel::Kind::done) {
            guest.started = guest.done = true;
        }
    }

    Random random_;
    std::uint64_t eager_ = random_.below(5); // how much more is said than is delivered
    std::vector<std::unique_ptr<Member>> members_;
    std::size_t centre_ = 0;
};

} // namespace

TEST_CASE("whoever is lost, and whenever, each hears all that the others say, once") {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        CAPTURE(seed);
        Star star(seed, 2 + static_cast<std::uint32_t>(seed % 5));
        const int losses = static_cast<int>(star.random().below(4));
        for (int loss = 0; loss <= losses; ++loss) {
            const auto steps = star.random().below(200);
            for (std::uint64_t i = 0; i < steps; ++i) {
                star.step();
                if (star.size() < 12 && star.random().chance(0.01)) star.join();
                if (star.random().chance(0.005)) star.leave();
            }
            if (loss != losses) star.lose_centre();
        }
        star.finish();
        star.check();
        CHECK(star.refused == 0);
    }
}

namespace {

std::string hex(BytesIn bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        char two[3];
        std::snprintf(two, sizeof two, "%02x", std::to_integer<unsigned>(byte));
        text += two;
    }
    return text;
}
std::string head_of(const Filed& filed) {
    std::byte room[Filed::head_bytes_max];
    ByteWriter out{BytesOut(room)};
    filed.write_head(out);
    CHECK(out.ok());
    return hex(BytesIn(room, out.position()));
}
template <class... Byte>
std::vector<std::byte> bytes(Byte... byte) {
    return {static_cast<std::byte>(byte)...};
}
Filed said(std::uint32_t origin, std::uint32_t serial, std::string_view text = "x") {
    return {PeerId{origin}, serial, all, loose, bytes_of(text)};
}
constexpr auto nothing = [](const Filed&) {};
std::size_t count(const Ledger& ledger) {
    std::size_t found = 0;
    ledger.for_each_kept([&](const Filed&) { ++found; });
    return found;
}
std::vector<std::byte> entry(std::uint32_t peer, std::uint8_t kind, std::uint32_t serial) {
    std::vector<std::byte> room(ReportEntry::bytes_max);
    ByteWriter out{BytesOut(room)};
    CHECK(ReportEntry{PeerId{peer}, kind, serial}.write(out));
    room.resize(out.position());
    return room;
}

} // namespace

TEST_CASE("the head of an event has these bytes") {
    CHECK(head_of({PeerId{3}, 5, all, MessageType{9}, {}}) == "030a09");
    CHECK(head_of({PeerId{3}, 5, PeerId{200}, MessageType{300}, {}}) == "030bc801ac02");
    CHECK(head_of({PeerId{0xFFFF'FFFE}, 0xFFFF'FFFF, PeerId{0xFFFF'FFFD}, MessageType{0xFFFF}, {}}) ==
          "feffffff0fffffffff1ffdffffff0fffff03");
    const auto whole = bytes(3, 0x0B, 0xC8, 0x01, 0xAC, 0x02, 'h', 'i');
    const auto read = Filed::read(whole);
    REQUIRE(read);
    CHECK(read->origin == PeerId{3});
    CHECK(read->serial == 5);
    CHECK(read->to == PeerId{200});
    CHECK(read->type == MessageType{300});
    CHECK(text_of(read->payload) == "hi");
}

TEST_CASE("what no honest peer writes is no event") {
    CHECK_FALSE(Filed::read({}));
    CHECK_FALSE(Filed::read(bytes(3, 0x0A)));                               // cut short
    CHECK_FALSE(Filed::read(bytes(3, 0x00, 9)));                            // serials begin with one
    CHECK_FALSE(Filed::read(bytes(3, 0x0B, 3, 9)));                         // to itself
    CHECK_FALSE(Filed::read(bytes(0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 2, 9)));    // of nobody
    CHECK_FALSE(Filed::read(bytes(3, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 9))); // to nobody
    CHECK_FALSE(Filed::read(bytes(3, 0x80, 0x80, 0x80, 0x80, 0x20, 9)));    // a serial of 33 bits
    CHECK_FALSE(Filed::read(bytes(3, 2, 0x80, 0x80, 0x04)));                // a type of 17
    CHECK_FALSE(Filed::read(bytes(0x83, 0x00, 2, 9)));                      // a varint too long
}

TEST_CASE("a stream is heard up to somewhere, and in a window beyond") {
    Heard<> heard;
    CHECK(heard.note(2) == News::fresh);
    CHECK(heard.prefix() == 0);
    CHECK(heard.note(2) == News::doubled);
    CHECK(heard.note(0) == News::doubled);
    CHECK(heard.note(512) == News::fresh);
    CHECK(heard.note(513) == News::beyond);
    CHECK(heard.note(1) == News::fresh);
    CHECK(heard.prefix() == 2);
    CHECK(heard.top() == 512);
    CHECK(heard.note(513) == News::fresh);
    heard.jump(511);
    CHECK(heard.prefix() == 513); // what was heard behind it counts on
    CHECK(heard.note(300) == News::doubled);
    heard.jump(100);
    CHECK(heard.prefix() == 513);
    heard.jump(0xFFFF'FFFE);
    CHECK(heard.note(0xFFFF'FFFF) == News::fresh);
    CHECK(heard.prefix() == 0xFFFF'FFFF);
    CHECK(heard.note(0xFFFF'FFFF) == News::doubled);
}

TEST_CASE("each stream is a window ahead of what is settled, and no more") {
    Ledger ledger(1 << 20);
    ledger.begin(PeerId{1});
    for (std::uint32_t i = 1; i <= Ledger::unsettled_max; ++i) {
        CHECK(ledger.file(all, loose, bytes_of("x"))->serial == i);
        CHECK(ledger.file(PeerId{2}, loose, bytes_of("x"))->serial == i);
    }
    CHECK(ledger.file(all, loose, {}).error() == Error::queue_full);
    CHECK(ledger.file(PeerId{2}, loose, {}).error() == Error::queue_full);
    CHECK(ledger.file(PeerId{1}, loose, {}).error() == Error::unknown_peer);
    CHECK(ledger.file(PeerId{3}, loose, {}));
    REQUIRE(ledger.hear_settled(entry(1, ReportEntry::settled, 1), nothing));
    CHECK(ledger.file(all, loose, {})->serial == Ledger::unsettled_max + 1);
    REQUIRE(ledger.hear_settled(entry(2, ReportEntry::arrived, 2), nothing));
    CHECK(ledger.file(PeerId{2}, loose, {}));
    CHECK(ledger.file(PeerId{2}, loose, {}));
    CHECK_FALSE(ledger.file(PeerId{2}, loose, {}));
}

TEST_CASE("a full store refuses what is its own, and drops the oldest of others for what is newer") {
    Ledger ledger(1000);
    ledger.begin(PeerId{1});
    const std::string text(80, 't'); // 100 bytes each
    CHECK(ledger.bytes() == 0);
    CHECK(ledger.file(all, loose, bytes_of(std::string(1000, 't'))).error() == Error::too_large);
    for (std::uint32_t i = 1; i <= 4; ++i) {
        REQUIRE(ledger.file(all, loose, bytes_of(text)));
        REQUIRE(ledger.hear(said(0, i, text)) == Hearing::fresh);
    }
    REQUIRE(ledger.hear(said(0, 5, text)) == Hearing::fresh);
    REQUIRE(ledger.hear(said(0, 6, text)) == Hearing::fresh);
    CHECK(ledger.bytes() == 1000);
    CHECK(ledger.file(all, loose, bytes_of(text)).error() == Error::queue_full);
    CHECK(ledger.dropped() == 0);
    const auto keeps = [&](std::uint32_t serial) {
        bool found = false;
        ledger.for_each_kept(
            [&](const Filed& filed) { found |= filed.origin == PeerId{0} && filed.serial == serial; });
        return found;
    };
    CHECK(keeps(1));
    CHECK(ledger.hear(said(0, 7, text)) == Hearing::fresh);
    CHECK(ledger.dropped() == 1);
    CHECK_FALSE(keeps(1));
    for (std::uint32_t i = 2; i <= 7; ++i) CHECK(keeps(i));
    CHECK(ledger.hear(said(0, 1, text)) == Hearing::again); // and there the next oldest goes
    CHECK(keeps(1));
    CHECK_FALSE(keeps(2));
    CHECK(count(ledger) == 10);
    std::string order;
    ledger.for_each_kept([&](const Filed& filed) {
        if (filed.origin == PeerId{0}) order += std::to_string(filed.serial);
    });
    CHECK(order == "134567");
    CHECK(ledger.hear(said(0, 8, std::string(900, 't'))) == Hearing::fresh); // more than there is of others
    CHECK(ledger.dropped() == 3);
    CHECK(count(ledger) == 10);
    REQUIRE(ledger.hear_settled(entry(0, ReportEntry::settled, 8), nothing));
    CHECK(count(ledger) == 4);
    CHECK(ledger.file(all, loose, bytes_of(text))->serial == 5);
    REQUIRE(ledger.hear_settled(entry(1, ReportEntry::settled, 5), nothing));
    CHECK(ledger.bytes() == 0);
}

TEST_CASE("an event is heard once; what is too far ahead, or not for it, is refused") {
    Ledger ledger(4096);
    ledger.begin(PeerId{1});
    CHECK(ledger.hear(said(0, 2)) == Hearing::fresh);
    CHECK(ledger.hear(said(0, 2)) == Hearing::doubled);
    CHECK(ledger.hear(said(0, 513)) == Hearing::refused);
    CHECK(ledger.hear(said(1, 1)) == Hearing::refused);
    CHECK(ledger.hear({PeerId{0}, 1, PeerId{2}, loose, {}}) == Hearing::refused);
    CHECK(ledger.hear({PeerId{1}, 1, PeerId{1}, loose, {}}) == Hearing::refused);
    CHECK(ledger.hear({PeerId{0}, 1, PeerId{1}, loose, {}}) == Hearing::fresh);
    CHECK(ledger.hear({PeerId{0}, 1, PeerId{1}, loose, {}}) == Hearing::doubled);
    REQUIRE(ledger.file(all, loose, {}));
    CHECK(ledger.hear(said(1, 1)) == Hearing::doubled); // others give it back
    CHECK(ledger.hear(said(0, 1)) == Hearing::fresh);
    CHECK(count(ledger) == 3);
    std::byte room[64];
    CHECK(hex(ledger.write_report(room)) ==
          "0002"
          "0101"
          "0600");
    CHECK_FALSE(ledger.report_due());
    CHECK(ledger.write_report(room).empty());
}

TEST_CASE("a report that is wrong is refused by name and changes nothing") {
    Ledger centre(4096), guest(4096);
    centre.begin(PeerId{0});
    centre.preside();
    guest.begin(PeerId{1});
    const auto tells = [&](std::vector<std::byte> report) {
        return centre.hear_report(PeerId{1}, report).error();
    };
    const auto told = [&](std::vector<std::byte> report) {
        return guest.hear_settled(report, nothing).error();
    };
    CHECK(tells(entry(1, ReportEntry::whole, 0)) == Error::unknown_peer); // it has no seat
    centre.seat(PeerId{1}, true);
    CHECK(tells(bytes(0x80)) == Error::malformed);
    CHECK(tells(bytes(0x00)) == Error::truncated);
    CHECK(tells(bytes(0x00, 0x80, 0x00)) == Error::malformed);
    CHECK(tells(bytes(0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1)) == Error::over_bound);
    CHECK(tells(bytes(0x00, 0x80, 0x80, 0x80, 0x80, 0x10)) == Error::over_bound);
    CHECK(tells(entry(1, ReportEntry::heard, 1)) == Error::malformed);        // of itself
    CHECK(tells(entry(1, ReportEntry::heard_direct, 1)) == Error::malformed); // of itself
    CHECK(tells(entry(2, ReportEntry::whole, 1)) == Error::malformed);        // for another
    CHECK(tells(entry(2, 3, 1)) == Error::malformed);
    auto late = entry(1, ReportEntry::whole, 0);
    late.push_back(std::byte{0x80});
    CHECK(tells(late) == Error::malformed);
    CHECK(*centre.hear_report(PeerId{1}, entry(1, ReportEntry::whole, 0))); // and nothing counted before

    REQUIRE(guest.file(all, loose, {}));
    CHECK(told(bytes(0x80)) == Error::malformed);
    CHECK(told(bytes(0x00)) == Error::truncated);
    CHECK(told(entry(1, ReportEntry::settled, 2)) == Error::over_bound); // more than it said
    CHECK(told(entry(1, ReportEntry::arrived, 1)) == Error::malformed);
    CHECK(told(entry(1, ReportEntry::jump, 1)) == Error::malformed);
    auto both = entry(1, ReportEntry::settled, 1);
    const auto wrong = entry(1, ReportEntry::jump, 1);
    both.insert(both.end(), wrong.begin(), wrong.end());
    CHECK(told(both) == Error::malformed);
    CHECK(count(guest) == 1);
    CHECK(told(entry(5, ReportEntry::arrived, 1'000'000)) == Error::none); // another's lie is no fault here
    CHECK(told(entry(1, ReportEntry::settled, 1)) == Error::none);
    CHECK(guest.bytes() == 0);
}

TEST_CASE("a newcomer begins where the streams stand") {
    Ledger centre(4096), newcomer(4096);
    centre.begin(PeerId{0});
    centre.preside();
    centre.seat(PeerId{1}, true);
    REQUIRE(centre.hear_report(PeerId{1}, entry(1, ReportEntry::whole, 0)));
    for (const std::uint32_t serial : {1u, 2u, 4u, 20u})
        CHECK(centre.hear(said(1, serial)) == Hearing::fresh);
    for (int i = 0; i < 3; ++i) REQUIRE(centre.file(all, loose, {}));
    std::byte room[64];
    std::size_t place = 0;
    centre.seat(PeerId{2}, true);
    const BytesIn start = centre.write_start(room, place);
    CHECK(hex(start) == "05000203020002000003");
    newcomer.begin(PeerId{2});
    REQUIRE(newcomer.adopt_start(start));
    CHECK(newcomer.hear(said(1, 4)) == Hearing::again); // to be passed on, should the centre be lost
    CHECK(newcomer.hear(said(1, 4)) == Hearing::doubled);
    CHECK(newcomer.hear(said(1, 20)) == Hearing::again);
    CHECK(newcomer.hear(said(1, 3)) == Hearing::fresh);
    CHECK(newcomer.hear(said(0, 3)) == Hearing::again);
    CHECK(newcomer.hear(said(0, 4)) == Hearing::fresh);
    place = 0;
    CHECK(centre.write_start(BytesOut(room, 2), place).empty()); // nothing fits
    std::size_t parts = 0;
    for (BytesIn part; !(part = centre.write_start(BytesOut(room, 8), place)).empty(); ++parts)
        CHECK(newcomer.adopt_start(part));
    CHECK(parts == 2);

    const auto begins = [&](std::vector<std::byte> bytes) { return newcomer.adopt_start(bytes).error(); };
    CHECK(begins(bytes(0x80)) == Error::malformed);
    CHECK(begins(bytes(0, 0)) == Error::malformed);
    CHECK(begins(bytes(8, 0, 1)) == Error::malformed);           // of itself
    CHECK(begins(bytes(0, 0, 0x81, 0x04)) == Error::over_bound); // more than a window unsettled
    CHECK(begins(bytes(1, 0, 0, 65)) == Error::over_bound);      // more marks than a window
    CHECK(begins(bytes(1, 0, 0, 2, 2)) == Error::truncated);
    CHECK(begins(bytes(1, 0, 0, 1, 3)) == Error::malformed);    // the first beyond is missing
    CHECK(begins(bytes(1, 0, 0, 2, 2, 0)) == Error::malformed); // and the last is there
    CHECK(begins(bytes(1, 0, 0, 0)) == Error::malformed);
    CHECK(begins(bytes(0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1)) == Error::over_bound);
}

TEST_CASE("an absent peer holds nothing back, and counts at once when it is back") {
    Ledger centre(4096);
    centre.begin(PeerId{0});
    centre.preside();
    REQUIRE(centre.file(all, loose, {}));
    CHECK(centre.bytes() == 0); // nobody is there
    centre.seat(PeerId{1}, true);
    centre.seat(PeerId{2}, true);
    REQUIRE(centre.file(all, loose, {}));
    std::byte room[64];
    CHECK(centre.write_settled(PeerId{1}, room).size() == 2); // the first one
    for (const std::uint32_t peer : {1u, 2u}) {
        CHECK_FALSE(*centre.hear_report(PeerId{peer}, entry(0, ReportEntry::heard, 1))); // by its start
        CHECK(*centre.hear_report(PeerId{peer}, entry(peer, ReportEntry::whole, 0)));
    }
    CHECK_FALSE(*centre.hear_report(PeerId{1}, entry(0, ReportEntry::heard, 2)));
    CHECK(centre.write_settled(PeerId{1}, room).empty());
    centre.unseat(PeerId{2});
    CHECK(hex(centre.write_settled(PeerId{1}, room)) == "0002");
    CHECK(centre.bytes() == 0);
    centre.seat(PeerId{2});
    CHECK_FALSE(*centre.hear_report(PeerId{2}, entry(2, ReportEntry::whole, 0))); // it counts already
    REQUIRE(centre.file(all, loose, {}));
    REQUIRE(centre.hear_report(PeerId{1}, entry(0, ReportEntry::heard, 3)));
    CHECK(centre.write_settled(PeerId{1}, room).empty());
    REQUIRE(centre.hear_report(PeerId{2}, entry(0, ReportEntry::heard, 3)));
    CHECK(hex(centre.write_settled(PeerId{1}, room)) == "0003");
    CHECK(hex(centre.write_settled(PeerId{2}, room)) == "0003");
}

TEST_CASE("those who are gone are remembered for a while, and no longer") {
    Ledger ledger(1 << 16);
    ledger.begin(PeerId{1});
    for (std::uint32_t id = 2; id < 2 + Ledger::gone_max + 1; ++id) {
        CHECK(ledger.hear(said(id, 1)) == Hearing::fresh);
        ledger.forget(PeerId{id});
    }
    CHECK(count(ledger) == Ledger::gone_max);
    CHECK(ledger.hear(said(3, 1)) == Hearing::doubled);
    CHECK(ledger.hear(said(2, 1)) == Hearing::fresh);
}

TEST_CASE("a thousand peers: each is heard by all, and all is settled") {
    constexpr std::uint32_t peers = 1000;
    Ledger centre(1 << 20);
    centre.begin(PeerId{0});
    centre.preside();
    for (std::uint32_t id = 1; id < peers; ++id) centre.seat(PeerId{id}, true);
    for (std::uint32_t id = 1; id < peers; ++id)
        REQUIRE(centre.hear_report(PeerId{id}, entry(id, ReportEntry::whole, 0)));
    for (std::uint32_t id = 1; id < peers; ++id) REQUIRE(centre.hear(said(id, 1)) == Hearing::fresh);
    CHECK(count(centre) == peers - 1);
    for (std::uint32_t id = 1; id < peers; ++id)
        for (std::uint32_t origin = 1; origin < peers; ++origin)
            if (origin != id) REQUIRE(centre.hear_report(PeerId{id}, entry(origin, ReportEntry::heard, 1)));
    std::byte room[100];
    std::size_t told = 0;
    for (BytesIn part; !(part = centre.write_settled(PeerId{7}, room)).empty(); told += part.size()) {
    }
    CHECK(centre.bytes() == 0);
    CHECK(told > (peers - 1) * 2);
    CHECK(told < (peers - 1) * 4);
}

TEST_CASE("in steady state nothing is allocated") {
    Ledger centre(1 << 12), guest(1 << 12);
    centre.begin(PeerId{0});
    centre.preside();
    guest.begin(PeerId{1});
    centre.seat(PeerId{1}, true);
    std::byte room[64];
    const auto round = [&] {
        for (int i = 0; i < 5; ++i) {
            bool well = guest.hear(*centre.file(all, loose, bytes_of("down"))) == Hearing::fresh;
            well = well && guest.hear(*centre.file(PeerId{1}, loose, bytes_of("down"))) == Hearing::fresh;
            well = well && centre.hear(*guest.file(all, loose, bytes_of("up"))) == Hearing::fresh;
            well = well && centre.hear(*guest.file(PeerId{0}, loose, bytes_of("up"))) == Hearing::fresh;
            REQUIRE(well);
        }
        REQUIRE(centre.hear_report(PeerId{1}, guest.write_report(room)));
        REQUIRE(guest.hear_settled(centre.write_settled(PeerId{1}, room), nothing));
    };
    for (int i = 0; i < 10; ++i) round();
    const allocations::Count counted;
    for (int i = 0; i < 1000; ++i) round();
    CHECK(counted.bytes() == 0);
    CHECK(centre.bytes() == 0);
    CHECK(guest.bytes() == 0);
}
