// 64 bytes there and back over Udp, beside bare sockets.

#include "echoing.hpp"

int main(int argc, char** argv) {
    using namespace bench;
    const auto rounds = static_cast<int>(argument(argc, argv, "--rounds", 5));
    const auto calls = static_cast<int>(argument(argc, argv, "--calls", 20'000));
    Echoes ours, raw;
    using Udp = Road<tenon::transport::Udp>;
    interleaved(
        rounds, [&] { echo<TenonEcho<Udp>, TenonCaller<Udp>>(ours, calls); },
        [&] { echo<RawEcho, RawCaller>(raw, calls); });
    std::printf("bare sockets: p50 %.1f us, p99 %.1f us\n", median(raw.p50), median(raw.p99));
    figure("roundtrip.p50", median(ours.p50), "us");
    figure("roundtrip.p99", median(ours.p99), "us");
    figure("roundtrip.p50_vs_raw", median(ours.p50) / median(raw.p50), "ratio");
    figure("roundtrip.p99_vs_raw", median(ours.p99) / median(raw.p99), "ratio");
}
