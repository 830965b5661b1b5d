// The program that every way of taking tenon into a project builds and runs.
#include <tenon.hpp>

#include <cstdio>

namespace {

bool core_works() {
    using namespace tenon::literals;
    const tenon::Instant start{}, later = start + 5_ms;
    std::byte bytes[8];
    tenon::store_le<std::uint32_t>(bytes, 0x01020304u);
    return later - start == tenon::microseconds(5000) && tenon::load_le<std::uint32_t>(bytes) == 0x01020304u &&
        tenon::hash64(tenon::bytes_of("tenon")) == tenon::hash64(tenon::bytes_of("tenon")) &&
        tenon::expand(0x01, 8, 0xFF) == 0x101 && tenon::sentence(tenon::Error::room_full).size() > 20;
}

} // namespace

int main() {
    if (!core_works()) return 1;
    std::printf("tenon %d.%d.%d works here\n", TENON_VERSION_MAJOR, TENON_VERSION_MINOR, TENON_VERSION_PATCH);
    return 0;
}
