#pragma once
// Who decides next: the rules by which the peers of a room that lost its authority all come to the same
// answer. AuthorityHosted and Mesh take one.

#include "tenon/topology/concept.hpp"

namespace tenon::topology {

// Whoever has been there longest. An authority that is there stays.
struct FirstJoiner {
    static constexpr bool before(const Candidate& a, const Candidate& b) { return a.id < b.id; }
    static constexpr bool replaces(const Candidate&, const Candidate&) { return false; }
};

// Whoever is fit best, as its own program says (Session::set_merit), and of equals who has been there
// longest. An authority hands over to one whose merit is larger by `margin_percent`, so that two who are
// about as good don't pass the room to and fro.
template <int margin_percent = 25>
struct ByMerit {
    static_assert(margin_percent > 0,
                  "tenon: without a margin two peers of like merit would hand the room to and fro; give "
                  "topology::ByMerit at least one percent");

    static constexpr bool before(const Candidate& a, const Candidate& b) {
        return a.merit > b.merit || (!(a.merit < b.merit) && a.id < b.id);
    }
    static constexpr bool replaces(const Candidate& other, const Candidate& authority) {
        const float size = authority.merit < 0 ? -authority.merit : authority.merit;
        return other.merit > authority.merit + size * static_cast<float>(margin_percent) / 100;
    }
};

} // namespace tenon::topology
