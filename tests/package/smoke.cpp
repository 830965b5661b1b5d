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

struct Word {
    int number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Words = tenon::Game<"words", 1, tenon::Event<Word>>;

// As a game writes it; where libsodium is not to be had, in plaintext on purpose.
#if TENON_WITHOUT_SODIUM
using Net = tenon::profile::Action<Words, tenon::transport::Udp>;
bool encrypts(Net&) { return true; }
#else
using Net = tenon::profile::Action<Words>;
bool encrypts(Net& net) { return bool(net.transport().keyring().identity()); }
#endif

bool session_works() {
    Net net{{.room = "lobby"}};
    return net.host(0) && encrypts(net);
}

} // namespace

int main() {
    if (!core_works() || !session_works()) return 1;
    std::printf("tenon %d.%d.%d works here\n", TENON_VERSION_MAJOR, TENON_VERSION_MINOR, TENON_VERSION_PATCH);
    return 0;
}
