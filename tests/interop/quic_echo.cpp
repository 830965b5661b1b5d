//   quic_echo serve CERTIFICATE KEY [PROTOCOL]
//   quic_echo dial ADDRESS AUTHORITIES [PROTOCOL]
#include "tenon/transport/quic.hpp"

#include "echo.hpp"

using tenon::transport::Quic;
using tenon::transport::QuicOptions;

int main(int count, char** words) {
    const std::string_view what = count > 1 ? words[1] : "";
    if (count < 4) return 2;
    QuicOptions quic;
    if (count > 4) quic.protocol = words[4];
    if (what == "serve")
        return echo::serve(Quic(echo::here, quic, {.certificate = words[2], .key = words[3]}));
    if (what == "dial") return echo::dial(Quic(echo::here, quic, {.authorities = words[3]}), words[2]);
    return 2;
}
