#pragma once
// What a member of a room has of the others' keys, where the room goes on without its host or its guests have
// links to each other: their identities, as the host has introduced them, letters that travel outside of
// links, and the greetings with which a link between two of them begins. PROTOCOL.md, section 9, says what is
// where. The Succession of an encrypted room has one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/secure/keyring.hpp"
#include "tenon/secure/link_seal.hpp"
#include "tenon/secure/seal.hpp"
#include "tenon/secure/sodium.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::secure {

// What one of two says to begin a link: its ephemeral key for it, and as much of the other's as it has heard.
struct Greeting {
    static constexpr std::size_t bytes = 4 + 4 + 1 + 32 + 16;

    PeerId from;
    Epoch at; // whose link it is to be
    std::uint8_t ciphers = 0;
    ExchangePublic key;
    std::array<std::byte, 16> known{};

    void write(ByteWriter& out) const {
        out.u32(at.number);
        out.u32(at.authority.value);
        out.u8(ciphers);
        out.bytes(key.bytes);
        out.bytes(known);
    }
    static Result<Greeting> read(PeerId from, BytesIn body) {
        if (body.size() != bytes) return Error::malformed;
        ByteReader in(body);
        Greeting greeting;
        greeting.from = from;
        greeting.at.number = in.u32();
        greeting.at.authority.value = in.u32();
        greeting.ciphers = in.u8();
        copy(greeting.key.bytes.data(), in.bytes(32));
        copy(greeting.known.data(), in.bytes(16));
        return greeting;
    }
    bool knows(const ExchangePublic& whose) const {
        return equal(known, BytesIn(whose.bytes).first(known.size()));
    }
};

// One link that two members begin. Each brings an ephemeral pair, which makes a key once and is wiped then,
// so that neither can come to a key that was there before.
class Tie {
  public:
    enum class Step : std::uint8_t { none, answer, met, anew };

    Tie() = default;
    Tie(Epoch at, ExchangeKeys mine) : at_(at), mine_(std::move(mine)), is_begun_(true) {}

    bool is_for(Epoch at) const { return is_begun_ && at_ == at; }
    bool is_met() const { return is_met_; }
    const ExchangeKeys& mine() const { return mine_; }

    // `initiates`: it takes a key as soon as it can, and the other when it hears that its own has arrived.
    // `lives`: the link that there is was heard of late, and nothing that is said outside of it ends it.
    Step hear(const Greeting& greeting, bool initiates, bool lives) {
        if (!is_for(greeting.at)) return Step::none;
        const bool echoes = greeting.knows(mine_.key);
        if (is_met_ && greeting.key == theirs_) return echoes ? Step::none : Step::answer;
        if (is_met_) return lives ? Step::none : Step::anew;
        theirs_ = greeting.key;
        return echoes || initiates ? Step::met : Step::answer;
    }
    void met() {
        is_met_ = true;
        mine_.secret.clear();
    }
    Greeting greeting() const {
        Greeting greeting;
        greeting.at = at_;
        greeting.ciphers = ciphers_here();
        greeting.key = mine_.key;
        copy(greeting.known.data(), BytesIn(theirs_.bytes).first(greeting.known.size()));
        return greeting;
    }

  private:
    Epoch at_;
    ExchangeKeys mine_;
    ExchangePublic theirs_;
    bool is_begun_ = false, is_met_ = false;
};

class Kin {
  public:
    static constexpr bool meets = true;
    static constexpr std::size_t letter_bytes = 16 + tag_bytes; // beyond what it says
    using Identity = SignPublic;
    using Greeting = secure::Greeting;
    using Step = Tie::Step;

    Kin() = default;
    Kin(const Kin&) = delete;
    Kin& operator=(const Kin&) = delete;
    ~Kin() { end(); }

    // A stay in a room begins, or ends.
    void begin(const auto& guard, PeerId self, std::uint64_t room_key, std::uint64_t schema) {
        end();
        keyring_ = &guard.keyring();
        self_ = self;
        room_key_ = room_key;
        schema_ = schema;
    }
    void end() {
        for (std::size_t i = 0; i < all_.size(); ++i) delete all_[i];
        all_.clear();
        room_key_ = 0;
    }

    // ---- the others

    // False: it is no identity. Who was introduced once is not introduced as somebody else.
    bool introduce(PeerId id, const SignPublic& identity) {
        ExchangePublic exchange;
        if (!exchange_public(exchange, identity)) return false;
        if (id == self_ || keyring_ == nullptr || of(id) != nullptr) return true;
        auto* made = new (std::nothrow) Relative;
        if (made == nullptr) return true;
        made->id = id;
        made->identity = identity;
        made->exchange = exchange;
        if (all_.push_back(made) == nullptr) delete made;
        return true;
    }
    void forget(PeerId id) {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            if (all_[i]->id != id) continue;
            delete all_[i];
            all_[i] = all_.back();
            all_.pop_back();
            return;
        }
    }
    const SignPublic* identity(PeerId id) {
        const Relative* one = of(id);
        return one != nullptr ? &one->identity : nullptr;
    }

    // ---- letters, which only the two can write and read, and which count once

    void enclose(PeerId to, BytesIn body, ByteWriter& out) {
        Relative* one = of(to);
        std::byte sealed[128];
        if (one == nullptr || !root(*one) || body.size() + tag_bytes > sizeof sealed) return out.fail();
        const Head head(self_, to, ++said_);
        one->writes.seal(sealed, sealed + body.size(), body, head.bytes, detail::packet_nonce(said_, 0));
        out.bytes(head.bytes);
        out.bytes(BytesIn(sealed).first(body.size() + tag_bytes));
    }
    Result<BytesIn> open(BytesIn letter, BytesOut desk, PeerId& from) {
        if (letter.size() < letter_bytes || letter.size() - letter_bytes > desk.size())
            return Error::truncated;
        ByteReader in(letter);
        from.value = in.u32();
        const PeerId to{in.u32()};
        const std::uint64_t number = in.u64();
        Relative* one = to == self_ ? of(from) : nullptr;
        if (one == nullptr || !one->is_new(number) || !root(*one)) return Error::forged_claim;
        const BytesIn sealed = letter.subspan(16, letter.size() - letter_bytes);
        if (!one->reads.open(desk.data(), letter.last(tag_bytes).data(), sealed, letter.first(16),
                             detail::packet_nonce(number, 0)))
            return Error::forged_claim;
        one->note(number);
        return BytesIn(desk).first(sealed.size());
    }

    // ---- links. `direct`: that of two guests; a pair may have one of these and one of its epoch.

    // The key of a link that nobody has yet.
    LinkKey key_to_come(PeerId id) {
        LinkKey key;
        key.is_guest = id < self_;
        key.is_ready = false;
        if (const Relative* one = of(id)) key.peer = one->identity;
        keyring_->draw(key.guest_sends.out());
        keyring_->draw(key.host_sends.out());
        keyring_->draw(key.resume.out()); // so that nobody can prove to have it
        return key;
    }
    void begin_tie(PeerId id, bool direct, Epoch at) {
        if (Relative* one = of(id)) one->ties[direct] = Tie(at, exchange_keys(keyring_->secret()));
    }
    bool has_tie(PeerId id, bool direct, Epoch at) {
        const Relative* one = of(id);
        return one != nullptr && one->ties[direct].is_for(at);
    }
    // With Step::met there is a `key`.
    Step hear(const Greeting& greeting, bool direct, bool initiates, bool lives, LinkKey& key) {
        Relative* one = of(greeting.from);
        if (one == nullptr) return Step::none;
        Tie& tie = one->ties[direct];
        const Step step = tie.hear(greeting, initiates, lives);
        if (step != Step::met) return step;
        if (!make(key, *one, tie.mine(), greeting)) return Step::none;
        tie.met();
        return step;
    }
    bool greet(PeerId to, bool direct, Greeting& greeting) {
        Relative* one = of(to);
        if (one == nullptr || !one->ties[direct].mine().key) return false;
        greeting = one->ties[direct].greeting();
        return true;
    }
    // A greeting for a link that this side does not know of yet: it is looked at when it does.
    void keep(const Greeting& greeting) {
        if (Relative* one = of(greeting.from)) one->early = greeting;
    }
    bool kept(PeerId from, Epoch at, Greeting& greeting) {
        Relative* one = of(from);
        if (one == nullptr || !one->early.key || one->early.at != at) return false;
        greeting = one->early;
        one->early = Greeting();
        return true;
    }

  private:
    struct Relative {
        PeerId id;
        SignPublic identity;
        ExchangePublic exchange;
        bool is_rooted = false;
        ChaCha writes, reads;
        Secret<32> link;                  // from which, with ephemeral keys, those of links are made
        std::uint64_t next = 1, seen = 0; // of letters that were read: above the highest, and those below it
        Tie ties[2];
        Greeting early;

        bool is_new(std::uint64_t number) const {
            if (number >= next) return true;
            const std::uint64_t below = next - 1 - number;
            return below < 64 && (seen >> below & 1) == 0;
        }
        void note(std::uint64_t number) {
            if (number < next) return void(seen |= std::uint64_t(1) << (next - 1 - number));
            const std::uint64_t up = number + 1 - next;
            seen = (up < 64 ? seen << up : 0) | 1;
            next = number + 1;
        }
    };
    struct Head {
        std::byte bytes[16];
        Head(PeerId from, PeerId to, std::uint64_t number) {
            store_le(bytes, from.value);
            store_le(bytes + 4, to.value);
            store_le(bytes + 8, number);
        }
    };

    Relative* of(PeerId id) {
        for (std::size_t i = 0; i < all_.size(); ++i)
            if (all_[i]->id == id) return all_[i];
        return nullptr;
    }
    // What the two have of each other without having spoken: made when it is first needed.
    bool root(Relative& one) {
        if (one.is_rooted) return true;
        Secret<32> shared;
        if (!exchange(shared, keyring_->exchange().secret, one.exchange)) return false;
        const bool is_lower = self_ < one.id;
        std::byte salt[24];
        store_le(salt, room_key_);
        store_le(salt + 8, schema_);
        store_le(salt + 16, is_lower ? self_.value : one.id.value);
        store_le(salt + 20, is_lower ? one.id.value : self_.value);
        Secret<96> made;
        hkdf(made.out(), salt, shared.bytes(), bytes_of("tenon kin"));
        const Secret<32> up(made.bytes().first<32>()), down(made.bytes().subspan<32, 32>());
        one.writes = ChaCha(is_lower ? up : down);
        one.reads = ChaCha(is_lower ? down : up);
        one.link = Secret<32>(made.bytes().last<32>());
        return one.is_rooted = true;
    }
    // Of both ephemeral pairs, of each with the other's identity, and of what root() has: who steals
    // identities later opens nothing, and who has stolen one can't pass for others to its owner.
    bool make(LinkKey& key, Relative& one, const ExchangeKeys& mine, const Greeting& theirs) {
        const bool is_lower = self_ < one.id;
        Secret<32> both, of_mine, of_theirs;
        if (!root(one) || !exchange(both, mine.secret, theirs.key) ||
            !exchange(of_mine, mine.secret, one.exchange) ||
            !exchange(of_theirs, keyring_->exchange().secret, theirs.key))
            return false;
        Secret<192> material;
        ByteWriter out(material.out());
        out.bytes(both.bytes());
        out.bytes((is_lower ? of_mine : of_theirs).bytes());
        out.bytes((is_lower ? of_theirs : of_mine).bytes());
        out.bytes(one.link.bytes());
        out.bytes((is_lower ? mine.key : theirs.key).bytes);
        out.bytes((is_lower ? theirs.key : mine.key).bytes);
        key.cipher = agree(ciphers_here(), theirs.ciphers);
        key.is_guest = !is_lower;
        key.is_ready = true;
        key.peer = one.identity;
        key.derive(material.bytes(), {schema_, theirs.at.number, theirs.at.authority.value},
                   "tenon link of two members");
        return true;
    }

    Keyring* keyring_ = nullptr;
    PeerId self_;
    std::uint64_t room_key_ = 0, schema_ = 0;
    std::uint64_t said_ = 0; // letters, to all together; never counted anew
    Ring<Relative*> all_;
};

} // namespace tenon::secure
