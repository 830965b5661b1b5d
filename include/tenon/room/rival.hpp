#pragma once
// Another authority of the same room, met after the room was parted. The larger side goes on, and of equal
// ones the one with the later epoch. A Succession has one.

#include <cstdint>

#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"

namespace tenon {

class Rival {
  public:
    PeerId id() const { return id_; }
    Epoch epoch() const { return epoch_; }
    Instant due() const { return due_; }
    std::uint32_t own_size() const { return own_size_; } // as counted since they met; 0: not yet
    bool counts(Instant& since) const {
        since = met_;
        return id_ && own_size_ == 0;
    }

    void hear(Instant now, PeerId id, Epoch epoch, std::uint32_t size) {
        if (id_ != id) {
            *this = Rival();
            id_ = id;
            met_ = due_ = now;
        }
        heard_ = now;
        epoch_ = epoch;
        if (size != 0) its_size_ = size;
    }
    void tell_size(Instant now, std::uint32_t size) {
        if (now >= met_ + count_time) own_size_ = size;
    }
    bool is_gone(Instant now) const { return now >= heard_ + gone_after; }
    void spoke(Instant now) { due_ = now + pause; }
    void speak_soon(Instant now) { due_ = now; }

    bool both_counted() const { return own_size_ != 0 && its_size_ != 0; }
    // It has the better claim. Of `all`, those who obey this side can't obey the other as well, whatever it
    // says.
    bool outweighs(Epoch own, std::uint32_t all) const {
        const std::uint32_t rest = all > own_size_ ? all - own_size_ : 0;
        const std::uint32_t its = its_size_ < rest ? its_size_ : rest;
        return own_size_ != its ? own_size_ < its : own < epoch_;
    }
    // Some may have changed sides since.
    void recount(Instant now) {
        if (now >= met_ + recount_after) *this = Rival();
    }
    // The one side yields to the other, which takes a number after both, in which its links begin anew.
    void yield(std::uint32_t own_number) {
        if (!yielded_) yielded_above_ = epoch_.number > own_number ? epoch_.number : own_number;
        yielded_ = true;
    }
    bool has_accepted() const { return yielded_ && epoch_.number > yielded_above_; }
    bool yielded() const { return yielded_; }

  private:
    static constexpr Duration count_time = milliseconds(300), pause = milliseconds(100),
                              gone_after = seconds(3), recount_after = seconds(3);

    PeerId id_;
    Epoch epoch_;
    std::uint32_t own_size_ = 0, its_size_ = 0, yielded_above_ = 0;
    Instant met_{}, heard_{}, due_{};
    bool yielded_ = false; // one of the two to the other
};

} // namespace tenon
