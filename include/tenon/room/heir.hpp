#pragma once
// What a Succession knows of each of the others, and what it may come to.

#include <cstddef>
#include <cstdint>

#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/topology/concept.hpp"
#include "tenon/transport/address.hpp"

namespace tenon {

inline constexpr std::size_t local_addresses_max = 4;

// Where a peer is reached in its own network, each once.
template <class Address>
struct LocalAddresses {
    Address at[local_addresses_max]{};
    std::size_t count = 0;

    const Address& operator[](std::size_t i) const { return at[i]; }
    bool has(const Address& one) const {
        for (std::size_t i = 0; i < count; ++i)
            if (at[i] == one) return true;
        return false;
    }
    void add(const Address& one) {
        if (count < local_addresses_max && !has(one)) at[count++] = one;
    }
};

// One of the others, as far as it matters who could follow whom.
template <class Address>
struct Heir {
    enum class Word : std::uint8_t { none, supports, prefers, silent };

    PeerId id;
    Address at{}, told{}; // where it is spoken to, and where the host sees it
    LocalAddresses<Address> local{};
    unsigned local_words = 0; // that it has said of these
    unsigned said = 0;        // to it, outside of links, since it was heard
    bool has_address = false, away = false;
    bool follows = false; // an authority is heard by it, and hears it
    Instant heard{};      // by an authority, through its link
    float merit = 0;
    Word word = Word::none;
    bool revived = false; // in this round: it was silent, but somebody else would have it
    unsigned asked = 0;
    Instant quiet_since{}, due{};

    Candidate candidate() const { return {id, merit}; }
    // A router may show another port to each whom it speaks to, but not another address.
    bool may_be_at(const Address& from) const {
        return has_address && (transport::network_of(from) == transport::network_of(told) || local.has(from));
    }
    // To where the next word to it goes: to each of its places, when it does not answer where it was.
    const Address& reach() {
        const unsigned turn = said++;
        return turn < 4 || turn % 2 != 0 ? at : place(turn / 2);
    }
    const Address& place(unsigned turn) const {
        const std::size_t i = turn % (local.count + 1);
        return i == 0 ? told : local[i - 1];
    }
};

// What a succession has come to.
template <class Address>
struct Verdict {
    enum class Kind : std::uint8_t {
        none,
        succeed,  // this peer is the authority of `epoch` now
        follow,   // another is, who is reached at `at`
        admit,    // `peer` obeys, and wants a link of this epoch
        renumber, // this authority goes on in another epoch, because another yields to it
        yield,    // this authority has met a larger room: its own shall follow the other's, and so will it
    };
    Kind kind = Kind::none;
    Epoch epoch;
    PeerId peer;
    Address at{};
    bool handed = false; // of follow: the authority before handed over
};

// Refused words, by what is wrong with them.
struct ClaimFigures {
    std::uint64_t forged = 0, old = 0, flooded = 0, malformed = 0;

    void count(Error error) {
        ++(error == Error::forged_claim ? forged
           : error == Error::old_epoch  ? old
           : error == Error::flooded    ? flooded
                                        : malformed);
    }
};

// So many words a second are heard, from all together.
class ClaimAllowance {
  public:
    bool take(Instant now) {
        left_ += words_max * (now - at_).seconds();
        if (left_ > words_max) left_ = words_max;
        at_ = now;
        if (left_ < 1) return false;
        left_ -= 1;
        return true;
    }

  private:
    static constexpr double words_max = 400;
    Instant at_{};
    double left_ = words_max;
};

} // namespace tenon
