#pragma once
// NatPmp: asks a router by NAT-PMP (RFC 6886) for a port, with libnatpmp. The one place that meets it. A
// PortMapping calls it from its own thread.

#include <natpmp.h>

#include <atomic>
#include <cstdint>
#include <cstring>

#include "tenon/core/error.hpp"
#include "tenon/core/time.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/port_mapping.hpp"
#include "tenon/transport/sleep.hpp"

namespace tenon::transport {

struct NatPmpOptions {
    IpAddress gateway = IpAddress::any(); // where it is not to be asked of the system
    Duration patience = seconds(2);       // for each answer
};

class NatPmp {
  public:
    explicit NatPmp(NatPmpOptions options = {}) : options_(options) {}

    Result<IpAddress> open(const MappingWish& wish, const std::atomic<bool>& ends) {
        Asked asked(options_.gateway);
        if (!asked.ready) return Error::unreachable;
        natpmpresp_t answer{};
        if (sendpublicaddressrequest(&asked.natpmp) < 0) return Error::unreachable;
        if (const Error error = wait(asked, answer, NATPMP_RESPTYPE_PUBLICADDRESS, &ends);
            error != Error::none)
            return error;
        std::uint8_t b[4];
        std::memcpy(b, &answer.pnu.publicaddress.addr, 4);
        const int protocol = wish.tcp ? NATPMP_PROTOCOL_TCP : NATPMP_PROTOCOL_UDP;
        const auto lease = static_cast<std::uint32_t>(wish.lease.ns / 1'000'000'000);
        if (sendnewportmappingrequest(&asked.natpmp, protocol, wish.port, wish.wished(), lease) < 0)
            return Error::unreachable;
        if (const Error error = wait(asked, answer, type_of(wish), &ends); error != Error::none) return error;
        const IpAddress at =
            IpAddress::v4(b[0], b[1], b[2], b[3], answer.pnu.newportmapping.mappedpublicport);
        // Another's answer, or of a router that has no address itself.
        if (answer.pnu.newportmapping.privateport != wish.port || at.port == 0 || at.is_any())
            return Error::malformed;
        return at;
    }
    void close(const MappingWish& wish, const IpAddress&) {
        Asked asked(options_.gateway);
        natpmpresp_t answer{};
        const int protocol = wish.tcp ? NATPMP_PROTOCOL_TCP : NATPMP_PROTOCOL_UDP;
        if (!asked.ready || sendnewportmappingrequest(&asked.natpmp, protocol, wish.port, 0, 0) < 0) return;
        (void)wait(asked, answer, type_of(wish), nullptr);
    }

  private:
    struct Asked {
        natpmp_t natpmp{};
        bool ready = false;

        explicit Asked(const IpAddress& gateway) {
            in_addr_t at = 0;
            std::memcpy(&at, gateway.bytes.data() + 12, 4);
            ready = initnatpmp(&natpmp, gateway.is_any() ? 0 : 1, at) == 0;
        }
        Asked(const Asked&) = delete;
        Asked& operator=(const Asked&) = delete;
        ~Asked() {
            if (ready) closenatpmp(&natpmp);
        }
    };
    static int type_of(const MappingWish& wish) {
        return wish.tcp ? NATPMP_RESPTYPE_TCPPORTMAPPING : NATPMP_RESPTYPE_UDPPORTMAPPING;
    }
    Error wait(Asked& asked, natpmpresp_t& answer, int type, const std::atomic<bool>* ends) const {
        for (const Instant end = now() + options_.patience; now() < end && (ends == nullptr || !*ends);) {
            const int said = readnatpmpresponseorretry(&asked.natpmp, &answer);
            if (said == 0) return answer.type == type ? Error::none : Error::malformed;
            if (said == NATPMP_ERR_NOTAUTHORIZED || said == NATPMP_ERR_OUTOFRESOURCES ||
                said == NATPMP_ERR_NETWORKFAILURE || said == NATPMP_ERR_UNDEFINEDERROR)
                return Error::refused;
            if (said != NATPMP_TRYAGAIN) return Error::unreachable;
            detail::sleep_on(static_cast<detail::NativeSocket>(asked.natpmp.s), false,
                             min(end - now(), milliseconds(50)));
        }
        return Error::unreachable;
    }

    NatPmpOptions options_;
};
static_assert(MappingWay<NatPmp>);

} // namespace tenon::transport
