#pragma once
// What is learned while a packet of deltas is coded, and where it begins; and what a delta is about besides
// its cells. DeltaCoder learns, and senders and replicas keep the models.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tenon/core/ids.hpp"
#include "tenon/replica/history.hpp"
#include "tenon/replica/layout.hpp"
#include "tenon/replica/motion.hpp"
#include "tenon/replica/usual.hpp"
#include "tenon/wire/range_coder.hpp"
#include "tenon/wire/range_models.hpp"

namespace tenon {

// The rows that both sides know, the newest first; all are of one History.
struct References {
    static constexpr std::size_t max = 64;
    Row rows[max];
    // Of each slot the tick since which it has its tenant, so that not every row need be asked; or nothing.
    const std::uint64_t* tenant_since = nullptr;
};

// What is learned about one group of cells while a packet is coded.
struct GroupModels {
    static constexpr unsigned shocks = 5, widths_kept = 10;

    BitModel nonzero[Trust::count][shocks][3];
    BitModel side[3][3];
    BitModel widths[Trust::count][3][widths_kept];
    BitModel below[widths_kept][3];
    BitModel same_largest[Trust::count];
};

struct EntityModels {
    BitModel expected[Trust::count][3]; // all is as foretold
    BitModel same_tenant, like_last, gone, unseen, same_generation, same_owner, same_components, same_leaps,
        predicted;
    MagnitudeModel owner, generation;
};

// Whether anybody is in a slot, as the receiver is to know it.
enum class Presence : std::uint8_t { here, despawned, unseen };

// Components that only their entity's owner is told of, and who listens.
struct Audience {
    std::uint16_t owner_only = 0;
    PeerId listener = PeerId::none();

    Tenant sees(const Tenant& tenant) const {
        Tenant seen = tenant;
        if (owner_only != 0 && tenant.owner != listener.value)
            seen.components = static_cast<std::uint16_t>(seen.components & ~owner_only);
        return seen;
    }
};

// The models of a packet. They begin anew in each, so that a lost one leaves no trace in the next.
class DeltaModels {
  public:
    explicit DeltaModels(const Layout& layout)
        : layout_(&layout),
          groups_(new GroupModels[layout.groups() == 0 ? 1 : layout.groups()]),
          packet_of_(new std::uint64_t[layout.groups() == 0 ? 1 : layout.groups()]()) {}
    DeltaModels(const DeltaModels&) = delete;
    DeltaModels& operator=(const DeltaModels&) = delete;
    ~DeltaModels() {
        delete[] groups_;
        delete[] packet_of_;
    }

    void reset() {
        static const EntityModels fresh_entity = first_entity();
        ++packet_;
        entity = fresh_entity;
        last = {};
        previous = 0;
    }
    const Layout& layout() const { return *layout_; }
    // Made new when it is first asked for in a packet, as most packets need few of them.
    GroupModels& group(std::size_t i) {
        static const GroupModels fresh = first_group();
        if (packet_of_[i] != packet_) {
            packet_of_[i] = packet_;
            groups_[i] = fresh;
        }
        return groups_[i];
    }

    EntityModels entity;
    Tenant last;           // of whom the packet told last that was new or had another
    unsigned previous = 0; // whether the entity before was as foretold

  private:
    static GroupModels first_group();
    static EntityModels first_entity();

    const Layout* layout_;
    GroupModels* groups_;
    std::uint64_t* packet_of_;
    std::uint64_t packet_ = 0;
};

// What is usual begins where it usually is, and what has not been seen in the middle.
template <class Models>
void begin(Models& models, const std::uint16_t*& usual) {
    if constexpr (std::is_same_v<Models, BitModel>)
        models = *usual == 0 ? BitModel() : BitModel(*usual), ++usual;
    else
        for (auto& part : models) begin(part, usual);
}

inline GroupModels DeltaModels::first_group() {
    GroupModels models;
    const std::uint16_t* usual = usual_of_groups;
    begin(models.nonzero, usual);
    begin(models.side, usual);
    begin(models.widths, usual);
    begin(models.below, usual);
    begin(models.same_largest, usual);
    return models;
}
inline EntityModels DeltaModels::first_entity() {
    EntityModels models;
    const std::uint16_t* usual = usual_of_entities;
    begin(models.expected, usual);
    models.same_tenant = models.same_components = BitModel(500);
    models.same_leaps = BitModel(8000), models.predicted = BitModel(60000);
    return models;
}

} // namespace tenon
