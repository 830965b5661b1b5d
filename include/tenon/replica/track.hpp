#pragma once
// The last states of one peer, each with the room's time at which it held, and the state in between them.

#include <cstddef>
#include <utility>

#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/blend.hpp"

namespace tenon {

template <class T>
class Track {
  public:
    static constexpr std::size_t samples_max = 16;

    // A state that is older than the newest known is of no use any more.
    bool add(Instant at, const T& state) {
        if (size_ != 0 && at <= newest().at) {
            if (at < newest().at) return false;
            samples_[(first_ + size_ - 1) % samples_max].state = state;
            return true;
        }
        if (size_ == samples_max) {
            first_ = (first_ + 1) % samples_max;
            --size_;
        }
        Sample& sample = samples_[(first_ + size_++) % samples_max];
        sample.at = at;
        sample.state = state;
        return true;
    }

    // The state at a moment of the room's time: between two that are known, or the nearest where there is
    // only one side.
    T at(Instant moment) const {
        for (std::size_t i = size_; i-- > 1;) {
            const Sample &before = get(i - 1), &after = get(i);
            if (before.at > moment) continue;
            if (after.at <= moment) return after.state;
            const double share = (moment - before.at).seconds() / (after.at - before.at).seconds();
            return blend(before.state, after.state, share);
        }
        return get(0).at >= moment || size_ == 1 ? get(0).state : newest().state;
    }

    bool empty() const { return size_ == 0; }
    const T& latest() const { return newest().state; }
    Instant latest_at() const { return newest().at; }

  private:
    struct Sample {
        Instant at{};
        T state{};
    };
    const Sample& get(std::size_t i) const { return samples_[(first_ + i) % samples_max]; }
    const Sample& newest() const { return get(size_ - 1); }

    Sample samples_[samples_max];
    std::size_t first_ = 0, size_ = 0;
};

// The tracks of all peers that have a state of this type.
template <class T>
class Tracks {
  public:
    struct Entry {
        PeerId peer;
        Track<T>* track = nullptr;
    };

    Tracks() = default;
    Tracks(const Tracks&) = delete;
    Tracks& operator=(const Tracks&) = delete;
    ~Tracks() { clear(); }

    // The peer's track, made when it is new; nullptr without memory.
    Track<T>* of(PeerId peer) {
        if (Track<T>* known = find(peer)) return known;
        auto* track = new (std::nothrow) Track<T>();
        if (track != nullptr && entries_.push_back({peer, track}) == nullptr) {
            delete track;
            return nullptr;
        }
        return track;
    }
    Track<T>* find(PeerId peer) const {
        for (std::size_t i = 0; i < entries_.size(); ++i)
            if (entries_[i].peer == peer) return entries_[i].track;
        return nullptr;
    }
    void remove(PeerId peer) {
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            if (entries_[i].peer != peer) continue;
            delete entries_[i].track;
            entries_[i] = entries_.back();
            entries_.pop_back();
            return;
        }
    }
    void clear() {
        for (std::size_t i = 0; i < entries_.size(); ++i) delete entries_[i].track;
        entries_.clear();
    }

    std::size_t size() const { return entries_.size(); }
    const Entry& operator[](std::size_t i) const { return entries_[i]; }

  private:
    Ring<Entry> entries_;
};

// All peers' states at one moment, made one by one as the loop comes to them.
template <class T>
class View {
  public:
    View(const Tracks<T>& tracks, Instant moment) : tracks_(&tracks), moment_(moment) {}

    class Iterator {
      public:
        Iterator(const View& view, std::size_t at) : view_(&view), at_(at) { skip(); }
        std::pair<PeerId, T> operator*() const {
            const auto& entry = (*view_->tracks_)[at_];
            return {entry.peer, entry.track->at(view_->moment_)};
        }
        Iterator& operator++() {
            ++at_;
            skip();
            return *this;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

      private:
        void skip() {
            while (at_ < view_->tracks_->size() && (*view_->tracks_)[at_].track->empty()) ++at_;
        }
        const View* view_;
        std::size_t at_;
    };
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, tracks_->size()}; }

  private:
    const Tracks<T>* tracks_;
    Instant moment_;
};

} // namespace tenon
