#pragma once
// Text as the parts of a token have it.

#include <string>
#include <string_view>

#include "tenon/secure/sodium.hpp"

inline std::string base64(std::string_view text) {
    std::string out(tenon::secure::base64_size(text.size()) + 1, '\0');
    tenon::secure::write_base64(out, tenon::bytes_of(text));
    out.pop_back();
    return out;
}
