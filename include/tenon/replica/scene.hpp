#pragma once
// All that a player sees in a frame: his own things as they are predicted, and everything else as it is
// played back.

#include <cstddef>
#include <optional>
#include <utility>

#include "tenon/replica/playback.hpp"
#include "tenon/replica/prediction.hpp"

namespace tenon {

template <class Game, class Order>
class Scene {
  public:
    Scene(const Playback<Game>& playback, const Prediction<Game, Order>& prediction)
        : playback_(&playback), prediction_(&prediction) {}

    template <class T>
    std::optional<T> get(EntityId entity, Instant now) const {
        if (prediction_->predicts(entity)) return prediction_->template predicted<T>(entity, now);
        return hides(entity, now) ? std::nullopt : playback_->template get<T>(entity, now);
    }

    // for (auto [entity, ship] : scene.view<Ship>(now)): the others first.
    template <class T>
    class View {
      public:
        View(const Scene& scene, Instant now)
            : scene_(&scene), now_(now), others_(scene.playback_->template view<T>(now)) {}

        class Iterator {
          public:
            using Others = typename Playback<Game>::template View<T>::Iterator;
            Iterator(const View& view, Others other, std::size_t place)
                : view_(&view), other_(other), end_(view.others_.end()), place_(place) {
                skip();
            }
            std::pair<EntityId, T> operator*() const {
                return other_ != end_ ? *other_ : std::pair<EntityId, T>{own_, *state_};
            }
            Iterator& operator++() {
                if (other_ != end_)
                    ++other_;
                else
                    ++place_;
                skip();
                return *this;
            }
            friend bool operator==(const Iterator& a, const Iterator& b) {
                return a.other_ == b.other_ && a.place_ == b.place_;
            }

          private:
            void skip() {
                const Scene& scene = *view_->scene_;
                while (other_ != end_ && scene.hides((*other_).first, view_->now_)) ++other_;
                if (other_ != end_) return;
                for (; place_ < scene.prediction_->places(); ++place_)
                    if ((own_ = scene.prediction_->at(place_)))
                        if ((state_ = scene.prediction_->template predicted<T>(own_, view_->now_))) return;
            }
            const View* view_;
            Others other_, end_;
            std::size_t place_;
            EntityId own_;
            std::optional<T> state_;
        };
        Iterator begin() const { return {*this, others_.begin(), 0}; }
        Iterator end() const { return {*this, others_.end(), scene_->prediction_->places()}; }

      private:
        const Scene* scene_;
        Instant now_;
        typename Playback<Game>::template View<T> others_;
    };
    template <class T>
    View<T> view(Instant now) const {
        return {*this, now};
    }

  private:
    // What is predicted is not played back as well; nor is what was ours to its end, which is seen already.
    bool hides(EntityId entity, Instant now) const {
        if (prediction_->predicts(entity)) return true;
        return !playback_->replica().alive(entity) && prediction_->world().self() &&
               playback_->owner(entity, now) == prediction_->world().self();
    }

    const Playback<Game>* playback_;
    const Prediction<Game, Order>* prediction_;
};

} // namespace tenon
