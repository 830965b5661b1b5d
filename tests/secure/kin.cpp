// What members of a room have of each other's keys: letters, greetings, and the keys that come of them.
#include "tenon/secure/kin.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tenon/secure/guard.hpp"
#include "tenon/secure/keyring.hpp"

using namespace tenon;
using namespace tenon::secure;

namespace {

using Bytes = std::vector<std::byte>;
constexpr Epoch fifth{5, PeerId{1}};

// Somebody in a room, with the keys of that name.
struct Member {
    Keyring keyring;
    PeerId id;
    Kin kin;

    Member(std::uint64_t seed, std::uint32_t number, std::uint64_t room_key = 77, std::uint64_t schema = 5)
        : keyring(Keyring::for_tests(seed)), id{number} {
        kin.begin(Guard(keyring), id, room_key, schema);
    }
    const SignPublic& identity() const { return keyring.identity().key(); }
    void knows(const Member& other) { CHECK(kin.introduce(other.id, other.identity())); }
    Bytes write(PeerId to, std::string_view text) {
        std::byte bytes[200];
        ByteWriter out(bytes);
        kin.enclose(to, bytes_of(text), out);
        return out.ok() ? Bytes(bytes, bytes + out.position()) : Bytes();
    }
    // What it reads, or why it doesn't.
    std::string read(const Bytes& letter) {
        std::byte desk[128];
        PeerId from;
        const auto body = kin.open(letter, desk, from);
        return body ? std::to_string(from.value) + " " + std::string(text_of(*body))
                    : std::string(name(body.error()));
    }
    Greeting greeting(const Member& to, bool direct = false) {
        Greeting greeting;
        REQUIRE(kin.greet(to.id, direct, greeting));
        greeting.from = id;
        return greeting;
    }
};
struct Three {
    Member ann{1, 1}, ben{2, 2}, eve{3, 3};
    Three() {
        for (Member* one : {&ann, &ben, &eve})
            for (Member* other : {&ann, &ben, &eve})
                if (one != other) one->knows(*other);
    }
};
bool same(const LinkKey& a, const LinkKey& b) {
    return a.cipher == b.cipher && a.guest_sends == b.guest_sends && a.host_sends == b.host_sends &&
           a.resume == b.resume && a.is_guest != b.is_guest && a.is_ready && b.is_ready;
}
// The two greet each other until neither has anything to answer; false when they have no key of one kind.
bool meet(Member& host, Member& guest, LinkKey& at_host, LinkKey& at_guest, bool direct = false,
          bool lives = false) {
    bool host_met = false, guest_met = false;
    bool host_says = true, guest_says = true;
    for (int i = 0; i < 10 && (host_says || guest_says); ++i) {
        const Greeting to_guest = host.greeting(guest, direct), to_host = guest.greeting(host, direct);
        const bool heard_host = host_says, heard_guest = guest_says;
        host_says = guest_says = false;
        if (heard_host) {
            const auto step = guest.kin.hear(to_guest, direct, true, lives, at_guest);
            guest_met = guest_met || step == Tie::Step::met;
            guest_says = step == Tie::Step::met || step == Tie::Step::answer;
        }
        if (heard_guest) {
            const auto step = host.kin.hear(to_host, direct, false, lives, at_host);
            host_met = host_met || step == Tie::Step::met;
            host_says = step == Tie::Step::met || step == Tie::Step::answer;
        }
    }
    return host_met && guest_met && !host_says && !guest_says && same(at_host, at_guest);
}

} // namespace

TEST_CASE("a letter is read by whom it is for, once, and says who wrote it") {
    Three all;
    const Bytes letter = all.ann.write(all.ben.id, "meet me");
    CHECK(letter.size() == 7 + Kin::letter_bytes);
    CHECK(std::string(text_of(letter)).find("meet") == std::string::npos);
    CHECK(all.eve.read(letter) == "forged_claim");
    CHECK(all.ann.read(letter) == "forged_claim");
    CHECK(all.ben.read(letter) == "1 meet me");
    CHECK(all.ben.read(letter) == "forged_claim"); // it has been read
    CHECK(all.ben.read(all.ann.write(all.ben.id, "")) == "1 ");
    CHECK(all.ann.write(PeerId{9}, "whoever").empty());
    CHECK(all.ann.read(all.ben.write(all.ann.id, "yes")) == "2 yes");
}

TEST_CASE("letters that overtake each other are all read, unless they come very late") {
    Three all;
    std::vector<Bytes> letters;
    for (int i = 0; i < 80; ++i) letters.push_back(all.ann.write(all.ben.id, "x"));
    for (const std::size_t i : {3u, 1u, 0u, 2u, 70u, 69u, 71u}) CHECK(all.ben.read(letters[i]) == "1 x");
    for (const std::size_t i : {3u, 1u, 0u, 2u, 70u, 69u, 71u})
        CHECK(all.ben.read(letters[i]) == "forged_claim");
    CHECK(all.ben.read(letters[5]) == "forged_claim"); // 66 before the newest
    CHECK(all.ben.read(letters[8]) == "1 x");
    CHECK(all.ben.read(letters[79]) == "1 x");
}

TEST_CASE("a letter that was changed anywhere, cut short or turned round is refused") {
    Three all;
    const Bytes letter = all.ann.write(all.ben.id, "the fifth epoch");
    for (std::size_t i = 0; i < letter.size(); ++i) {
        Bytes changed = letter;
        changed[i] ^= std::byte{1};
        CHECK(all.ben.read(changed) == "forged_claim");
        CHECK(all.ben.read(Bytes(letter.begin(), letter.begin() + static_cast<std::ptrdiff_t>(i))) !=
              "1 the fifth epoch");
    }
    Bytes back = letter; // as if it were Ben's own
    std::swap_ranges(back.begin(), back.begin() + 4, back.begin() + 4);
    CHECK(all.ann.read(back) == "forged_claim");
    CHECK(all.ben.read(letter) == "1 the fifth epoch");
}

TEST_CASE("no other member, stranger, former room or build can write in another's name") {
    Three all;
    // Eve has all that a member has: the room's key, and everybody's public keys.
    Member as_ann(3, 1);
    as_ann.knows(all.ben);
    CHECK(all.ben.read(as_ann.write(all.ben.id, "I am Ann")) == "forged_claim");
    Member stranger(4, 1);
    stranger.knows(all.ben);
    CHECK(all.ben.read(stranger.write(all.ben.id, "I am Ann")) == "forged_claim");
    // Ann herself, in a room with another key, as another member, or of another build.
    for (Member* other :
         {std::make_unique<Member>(1, 1, 78).release(), std::make_unique<Member>(1, 4).release(),
          std::make_unique<Member>(1, 1, 77, 6).release()}) {
        const std::unique_ptr<Member> own(other);
        own->knows(all.ben);
        CHECK(all.ben.read(own->write(all.ben.id, "yesterday")) == "forged_claim");
    }
    Member true_ann(1, 1);
    true_ann.knows(all.ben);
    CHECK(all.ben.read(true_ann.write(all.ben.id, "it is I")) == "1 it is I");
}

TEST_CASE("who was introduced once is not introduced as another, and who is forgotten is nobody") {
    Three all;
    CHECK(all.ben.kin.introduce(all.ann.id, all.eve.identity()));
    CHECK(*all.ben.kin.identity(all.ann.id) == all.ann.identity());
    CHECK(!all.ben.kin.introduce(PeerId{8}, SignPublic{})); // no key
    CHECK(all.ben.kin.introduce(all.ben.id, all.eve.identity()));
    CHECK(all.ben.kin.identity(all.ben.id) == nullptr); // nobody else tells one who one is
    const Bytes letter = all.ann.write(all.ben.id, "wait");
    all.ben.kin.forget(all.ann.id);
    CHECK(all.ben.read(letter) == "forged_claim");
    CHECK(all.ben.write(all.ann.id, "gone").empty());
    all.ben.kin.end();
    CHECK(all.ben.read(all.eve.write(all.ben.id, "hello")) == "forged_claim");
}

TEST_CASE("two who greet each other have one key, which is another every time, and which nobody else has") {
    Three all;
    std::set<Bytes> keys;
    const auto is_new = [&](const LinkKey& key) {
        bool all_new = true;
        for (const auto& secret : {key.guest_sends.bytes(), key.host_sends.bytes(), key.resume.bytes()})
            all_new = keys.insert(Bytes(secret.begin(), secret.end())).second && all_new;
        return all_new;
    };
    for (const bool direct : {false, true})
        for (const Epoch epoch : {fifth, fifth, Epoch{6, PeerId{1}}}) {
            for (Member* one : {&all.ann, &all.ben})
                one->kin.begin_tie(PeerId{3 - one->id.value}, direct, epoch);
            LinkKey at_ann, at_ben;
            REQUIRE(meet(all.ann, all.ben, at_ann, at_ben, direct));
            CHECK(at_ann.peer == all.ben.identity());
            CHECK(at_ben.peer == all.ann.identity());
            CHECK(is_new(at_ann));
        }
    // Both seals understand each other.
    all.ann.kin.begin_tie(all.ben.id, false, fifth);
    all.ben.kin.begin_tie(all.ann.id, false, fifth);
    LinkKey at_ann, at_ben;
    REQUIRE(meet(all.ann, all.ben, at_ann, at_ben));
    LinkSeal ann(at_ann), ben(at_ben);
    std::array<std::byte, 40> packet{}, desk{};
    ann.close(packet, 5, 0, 0);
    BytesIn frames;
    CHECK(ben.open(packet, 5, 0, 0, desk, frames));
}

TEST_CASE("a link whose key has not come yet is sealed with what nobody has") {
    Three all;
    const LinkKey one = all.ann.kin.key_to_come(all.ben.id), two = all.ann.kin.key_to_come(all.ben.id);
    CHECK(!one.is_ready);
    CHECK(one.peer == all.ben.identity());
    CHECK(!(one.resume == two.resume));
    CHECK(!(one.host_sends == two.host_sends));
    LinkSeal seal(one);
    CHECK(!seal.is_ready());
    CHECK(seal.prove(1, PeerId{2}) != LinkSeal(LinkKey()).prove(1, PeerId{2}));
    std::array<std::byte, 40> packet{}, desk{};
    BytesIn frames;
    CHECK(!seal.open(packet, 5, 0, 0, desk, frames));
}

TEST_CASE("a greeting of another epoch, or of before, brings no key, and ends no link that lives") {
    Three all;
    LinkKey at_ann, at_ben, again;
    all.ann.kin.begin_tie(all.ben.id, false, fifth);
    all.ben.kin.begin_tie(all.ann.id, false, fifth);
    const Greeting first = all.ben.greeting(all.ann);
    REQUIRE(meet(all.ann, all.ben, at_ann, at_ben));
    const Greeting of_before = all.ben.greeting(all.ann);

    // In another epoch, and as a direct link: nothing.
    all.ann.kin.begin_tie(all.ben.id, false, {6, PeerId{1}});
    all.ann.kin.begin_tie(all.ben.id, true, {6, PeerId{1}});
    for (const bool direct : {false, true})
        CHECK(all.ann.kin.hear(of_before, direct, false, false, again) == Tie::Step::none);

    // The same epoch, begun anew by both: what was said before knows nothing of the new keys.
    all.ann.kin.begin_tie(all.ben.id, false, fifth);
    CHECK(all.ann.kin.hear(of_before, false, false, false, again) == Tie::Step::answer);
    all.ben.kin.begin_tie(all.ann.id, false, fifth);
    LinkKey at_ann2, at_ben2;
    REQUIRE(meet(all.ann, all.ben, at_ann2, at_ben2));
    CHECK(!same(at_ann2, at_ben));
    for (const Greeting& old : {first, of_before}) {
        CHECK(all.ann.kin.hear(old, false, false, true, again) == Tie::Step::none); // the link lives
        CHECK(all.ann.kin.hear(old, false, false, false, again) == Tie::Step::anew);
    }
    // A greeting that comes again is answered, if at all, and brings no key.
    CHECK(all.ann.kin.hear(all.ben.greeting(all.ann), false, false, false, again) == Tie::Step::none);
}

TEST_CASE("a greeting that came before its link was known of is kept for it, and one alone") {
    Three all;
    all.ann.kin.begin_tie(all.ben.id, false, fifth);
    const Greeting early = all.ann.greeting(all.ben);
    Greeting kept;
    CHECK(!all.ben.kin.kept(all.ann.id, fifth, kept));
    all.ben.kin.keep(early);
    CHECK(!all.ben.kin.kept(all.ann.id, {6, PeerId{1}}, kept));
    REQUIRE(all.ben.kin.kept(all.ann.id, fifth, kept));
    CHECK(!all.ben.kin.kept(all.ann.id, fifth, kept));
    all.ben.kin.begin_tie(all.ann.id, false, fifth);
    LinkKey at_ben, at_ann;
    REQUIRE(all.ben.kin.hear(kept, false, true, false, at_ben) == Tie::Step::met);
    REQUIRE(all.ann.kin.hear(all.ben.greeting(all.ann), false, false, false, at_ann) == Tie::Step::met);
    CHECK(same(at_ann, at_ben));
}

TEST_CASE("a greeting with a point of small order, or of the wrong size, brings no key") {
    Three all;
    all.ann.kin.begin_tie(all.ben.id, false, fifth);
    all.ben.kin.begin_tie(all.ann.id, false, fifth);
    Greeting bad = all.ann.greeting(all.ben);
    bad.key = {};
    bad.key.bytes[0] = std::byte{1};
    LinkKey key;
    CHECK(all.ben.kin.hear(bad, false, true, false, key) == Tie::Step::none);
    std::byte bytes[Greeting::bytes + 1];
    ByteWriter out(bytes);
    all.ann.greeting(all.ben).write(out);
    REQUIRE(out.position() == Greeting::bytes);
    CHECK(Greeting::read(all.ann.id, BytesIn(bytes).first(Greeting::bytes)));
    CHECK(!Greeting::read(all.ann.id, bytes));
    CHECK(!Greeting::read(all.ann.id, BytesIn(bytes).first(Greeting::bytes - 1)));
}

TEST_CASE("a keyring for tests gives the same keys again, and others with another seed") {
    const auto drawn = [](std::uint64_t seed) {
        Keyring keyring = Keyring::for_tests(seed);
        Bytes all(96);
        keyring.draw(BytesOut(all).first(40));
        keyring.draw(BytesOut(all).subspan(40));
        const SignPublic key = keyring.identity().key();
        all.insert(all.end(), key.bytes.begin(), key.bytes.end());
        return all;
    };
    CHECK(drawn(1) == drawn(1));
    CHECK(drawn(1) != drawn(2));
    Keyring one, other;
    CHECK(!(one.secret() == other.secret()));
    CHECK(!(one.secret() == one.secret()));
}
