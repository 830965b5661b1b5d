#pragma once
// What one client sees of a world: what is near its viewpoints and what its room, its team and it itself may
// see. SnapshotSender tells it of this and of nothing else. The authority keeps one for each client.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/slice.hpp"
#include "tenon/replica/grid.hpp"
#include "tenon/replica/in_sight.hpp"
#include "tenon/replica/stage.hpp"
#include "tenon/replica/world.hpp"

namespace tenon {

// Where a client looks from, and how far. As a part of a Command, a client may publish it.
template <std::size_t Dimensions>
struct Viewpoint {
    Point<Dimensions> at;
    float radius = 0; // 0: it sees nothing

    void serialize(auto& ar) { ar(at, radius); }
};

// What is further away than this part of the radius is told at most every so many ticks.
struct RateBand {
    float beyond = 1;
    std::uint16_t every = 1;
};

struct InterestOptions {
    std::size_t entities_max = 128; // the nearest, when there are more
    float radius_max = 256;         // a client's that asks for more is refused
    float margin = 0.1f;            // what came within the radius is seen until it is so much further away
    std::uint64_t hold = 0;         // and for so many ticks at least
    RateBand bands[3] = {RateBand{}, RateBand{}, RateBand{}};
};

namespace detail {

struct PermitAll {
    bool operator()(EntityId) const { return true; }
};

} // namespace detail

template <std::size_t Dimensions>
class Interest {
  public:
    static constexpr std::size_t viewpoints_max = 4;
    using View = Viewpoint<Dimensions>;

    explicit Interest(InterestOptions options = {})
        : options_(options),
          seen_(new InSight[options.entities_max]),
          within_(new std::uint64_t[options.entities_max]) {
        TENON_ASSERT(options.margin >= 0, "a margin is not below 0");
    }
    Interest(const Interest&) = delete;
    Interest& operator=(const Interest&) = delete;
    ~Interest() {
        delete[] seen_;
        delete[] within_;
    }

    // Where the client looks from now on, as the game decides; at most four places.
    void look_from(Slice<const View> views) {
        views_ = 0;
        for (const View& view : views)
            if (views_ < viewpoints_max && view.radius > 0) view_[views_++] = view;
    }
    // As the client itself asks. What is refused changes nothing, and is counted: `over_bound`: too many
    // places; `malformed`: not a place; `interest_too_wide`.
    Result<> publish(Slice<const View> views) {
        Error error = views.size() > viewpoints_max ? Error::over_bound : Error::none;
        for (const View& view : views) {
            if (error != Error::none) break;
            if (!view.at.is_finite() || !(view.radius >= 0))
                error = Error::malformed;
            else if (view.radius > options_.radius_max)
                error = Error::interest_too_wide;
        }
        refused_ += error != Error::none;
        if (error == Error::none) look_from(views);
        return error;
    }
    std::uint64_t refused() const { return refused_; }

    // Looks anew, usually once for each snapshot, after the world's commit. The game may have a say of its
    // own: permit(EntityId) is asked of each entity that would be seen.
    template <class Permit = detail::PermitAll>
    Slice<const InSight> update(Stage<Dimensions>& stage, const WorldHistory& world, const Viewer& viewer,
                                Permit&& permit = {}) {
        constexpr bool is_asked = std::is_invocable_r_v<bool, Permit&, EntityId>;
        static_assert(is_asked, "tenon: who may be seen is decided by a function: bool permit(EntityId)");
        const std::uint64_t tick = world.commits() == 0 ? 0 : world.newest_tick();
        for (std::size_t i = 0; i < views_; ++i)
            stage.look_around(view_[i].at, view_[i].radius, view_[i].radius * options_.margin);
        stage.look_about(viewer);
        for (std::size_t i = 0; i < size_; ++i)
            if (tick < within_[i] + options_.hold && !stage.sighting().has(seen_[i].slot))
                stage.sighting().add(seen_[i].slot, 2 + options_.margin);
        typename Stage<Dimensions>::Found* found = stage.found();
        std::size_t count = 0, before = 0;
        stage.sighting().take([&](std::size_t slot, float share) {
            const EntityId entity = stage.entity(slot);
            while (before < size_ && seen_[before].slot < slot) ++before;
            const bool known =
                before < size_ && seen_[before].slot == slot && seen_[before].generation == entity.generation;
            if (share > 1 && !known) return;
            const Scope& scope = stage.scope(slot);
            if (!world.alive(entity) || !viewer.may_see(scope)) return;
            if constexpr (is_asked)
                if (!permit(entity)) return;
            const std::uint64_t within = share <= 1 ? tick : within_[before];
            found[count++] = {in_sight(entity, scope, share), within, known ? share * incumbent : share};
        });
        left_out_ = count > options_.entities_max ? count - options_.entities_max : 0;
        if (left_out_ != 0) count = stage.nearest(count, options_.entities_max);
        for (std::size_t i = 0; i < count; ++i) seen_[i] = found[i].seen, within_[i] = found[i].within;
        size_ = count;
        return seen();
    }

    Slice<const InSight> seen() const { return {seen_, size_}; }
    bool sees(EntityId entity) const {
        std::size_t low = 0, high = size_;
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (seen_[middle].slot < entity.slot)
                low = middle + 1;
            else
                high = middle;
        }
        return low < size_ && seen_[low].slot == entity.slot && seen_[low].generation == entity.generation;
    }
    // How many there were no places for when it looked last.
    std::size_t left_out() const { return left_out_; }
    const InterestOptions& options() const { return options_; }

  private:
    // Who is seen already goes before others who are hardly nearer.
    static constexpr float incumbent = 0.9f;

    InSight in_sight(EntityId entity, const Scope& scope, float share) const {
        std::uint16_t every = scope.every;
        for (const RateBand& band : options_.bands)
            if (share > band.beyond && band.every > every) every = band.every;
        // Twice as urgent right at the viewpoint as at the border.
        return {entity.slot, entity.generation, every, scope.weight * (share < 1 ? 2 - share : 1)};
    }

    InterestOptions options_;
    View view_[viewpoints_max];
    std::size_t views_ = 0, size_ = 0, left_out_ = 0;
    std::uint64_t refused_ = 0;
    InSight* seen_;
    std::uint64_t* within_; // the tick at which it was last within the radius
};

} // namespace tenon
