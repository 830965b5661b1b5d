#pragma once
// What a guest shows at the door besides itself: a connect token, a JSON web token, a password. The host's
// handlers judge it (room/admission.hpp); here it is only kept and carried, and wiped when it is done with.

#include <cstddef>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"

namespace tenon {

inline constexpr std::size_t credential_bytes_max = 900; // it fits into a request, beside all that is there

class Credential {
  public:
    Credential() = default;
    Credential(const Credential&) = delete;
    Credential& operator=(const Credential&) = delete;
    ~Credential() { wipe(); }

    // An empty one is none. too_large changes nothing.
    Result<> set(BytesIn bytes) {
        if (bytes.size() > credential_bytes_max) return Error::too_large;
        wipe();
        copy(bytes_, bytes);
        size_ = bytes.size();
        return {};
    }
    BytesIn bytes() const { return BytesIn(bytes_).first(size_); }

  private:
    // A compiler may leave out writes that nobody reads, but not these.
    void wipe() {
        volatile std::byte* at = bytes_;
        for (std::size_t i = 0; i < size_; ++i) at[i] = std::byte{};
        size_ = 0;
    }

    std::byte bytes_[credential_bytes_max];
    std::size_t size_ = 0;
};

} // namespace tenon
