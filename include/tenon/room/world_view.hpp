#pragma once
// All entities with a component of one type, as a program draws them, wherever it runs: on the authority they
// are as they are, on a guest as its Scene shows them. Session::view gives one.

#include <cstddef>
#include <optional>
#include <utility>

#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/scene.hpp"
#include "tenon/replica/world.hpp"
#include "tenon/room/world_words.hpp"

namespace tenon {

// for (auto [entity, ship] : net.view<Ship>(now)): valid until the session's next turn.
template <class Game, class T>
class EntityView {
    using Scene = tenon::Scene<Game, detail::OrderOf<Game>>;
    using Shown = typename Scene::template View<T>;

  public:
    EntityView(const World<Game>* world, const Scene* scene, Instant now) : world_(world) {
        if (scene != nullptr) shown_.emplace(*scene, now);
    }

    class Iterator {
      public:
        Iterator(const EntityView& view, bool end) : world_(view.world_) {
            if (view.shown_) at_.emplace(end ? view.shown_->end() : view.shown_->begin());
            if (world_ == nullptr) return;
            if (end) slot_ = world_->used();
            skip();
        }
        std::pair<EntityId, T> operator*() const {
            return at_ ? **at_ : std::pair<EntityId, T>(entity_, *state_);
        }
        Iterator& operator++() {
            if (at_) {
                ++*at_;
            } else {
                ++slot_;
                skip();
            }
            return *this;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) {
            return a.slot_ == b.slot_ && a.at_.has_value() == b.at_.has_value() &&
                   (!a.at_ || *a.at_ == *b.at_);
        }

      private:
        void skip() {
            for (; slot_ < world_->used(); ++slot_)
                if ((entity_ = world_->in(slot_)))
                    if ((state_ = world_->template get<T>(entity_))) return;
        }
        const World<Game>* world_;
        std::optional<typename Shown::Iterator> at_;
        std::size_t slot_ = 0;
        EntityId entity_;
        std::optional<T> state_;
    };
    Iterator begin() const { return {*this, false}; }
    Iterator end() const { return {*this, true}; }

  private:
    const World<Game>* world_;
    std::optional<Shown> shown_;
};

} // namespace tenon
