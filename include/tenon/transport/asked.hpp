#pragma once
// AskedNames: the hosts and paths that were asked for by name, which an address only carries the number of.
// Connections keeps them from resolve() until it dials.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tenon::transport::detail {

// What somebody asked for with resolve(), where that is more than an address.
struct Asked {
    std::string host; // as it was written; empty: as the address says
    std::string path; // empty: the framing's own
};

class AskedNames {
  public:
    static constexpr std::size_t names_max = 64; // then the oldest go

    std::uint32_t remember(Asked asked) {
        for (const Named& known : names_)
            if (known.asked.host == asked.host && known.asked.path == asked.path) return known.number;
        const std::size_t at = last_++ % names_max;
        if (at >= names_.size()) names_.emplace_back();
        names_[at] = {last_, std::move(asked)};
        return last_;
    }
    // nullptr when it has gone.
    const Asked* find(std::uint32_t number) const {
        static const Asked nothing;
        if (number == 0) return &nothing;
        for (const Named& known : names_)
            if (known.number == number) return &known.asked;
        return nullptr;
    }

  private:
    struct Named {
        std::uint32_t number = 0;
        Asked asked;
    };
    std::vector<Named> names_;
    std::uint32_t last_ = 0;
};

} // namespace tenon::transport::detail
