#pragma once
// Upnp: asks a router for a port as an Internet Gateway Device of UPnP, with miniupnpc. The one place that
// meets it. A PortMapping calls it from its own thread.

#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "tenon/core/error.hpp"
#include "tenon/core/time.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/port_mapping.hpp"

namespace tenon::transport {

struct UpnpOptions {
    std::string description{};              // the address of the router's own description, where it is known
    std::string name = "tenon";             // that the router shows beside the port
    Duration patience = milliseconds(1500); // for routers to answer who is there
    std::string through{};                  // an address or interface of ours, by which they are asked
};

class Upnp {
  public:
    explicit Upnp(UpnpOptions options = {}) : options_(std::move(options)) {}

    Result<IpAddress> open(const MappingWish& wish, const std::atomic<bool>& ends) {
        Router router(options_);
        if (!router.found || ends) return Error::unreachable;
        const std::string lease = std::to_string(wish.lease.ns / 1'000'000'000);
        const std::string inside = std::to_string(wish.port);
        std::uint16_t port = wish.wished();
        int said = add(router, wish, port, inside, lease);
        if (said == only_permanent) said = add(router, wish, port, inside, "0");
        // Another machine has it: the next, a few times.
        for (int tries = 0; said == taken && tries < 8 && !ends; ++tries) {
            port = port < 65535 ? static_cast<std::uint16_t>(port + 1) : std::uint16_t(1024);
            said = add(router, wish, port, inside, lease);
        }
        if (said != 0) return said > 0 ? Error::refused : Error::unreachable;
        char outside[64] = {};
        if (UPNP_GetExternalIPAddress(router.urls.controlURL, router.data.first.servicetype, outside) != 0)
            *outside = '\0';
        const auto at = IpAddress::parse(std::string(outside) + ":" + std::to_string(port));
        if (at && !at->is_any() && !at->is_loopback()) return at;
        close(wish, IpAddress::any_v4(port)); // of no use
        return Error::malformed;
    }
    void close(const MappingWish& wish, const IpAddress& at) {
        Router router(options_);
        if (!router.found) return;
        UPNP_DeletePortMapping(router.urls.controlURL, router.data.first.servicetype,
                               std::to_string(at.port).c_str(), wish.tcp ? "TCP" : "UDP", nullptr);
    }

  private:
    static constexpr int taken = 718, only_permanent = 725;

    struct Router {
        UPNPUrls urls{};
        IGDdatas data{};
        char own[64] = {}; // this machine's address, as the router sees it
        bool found = false, filled = false;

        explicit Router(const UpnpOptions& options) {
            if (!options.description.empty()) {
                filled = found =
                    UPNP_GetIGDFromUrl(options.description.c_str(), &urls, &data, own, sizeof own) == 1;
                return;
            }
            int error = 0;
            // A daemon that knows devices does not say through which interface, so it is not asked then.
            const bool anywhere = options.through.empty();
            UPNPDev* all = upnpDiscover(static_cast<int>(options.patience.ns / 1'000'000),
                                        anywhere ? nullptr : options.through.c_str(), anywhere ? nullptr : "",
                                        0, 0, 2, &error);
            if (all == nullptr) return;
#if MINIUPNPC_API_VERSION >= 18
            char outside[64] = {};
            const int kind = UPNP_GetValidIGD(all, &urls, &data, own, sizeof own, outside, sizeof outside);
#else
            const int kind = UPNP_GetValidIGD(all, &urls, &data, own, sizeof own);
#endif
            filled = kind != 0;
            // 2: its own address is one that nobody outside reaches, as behind another router; or, before
            // version 18, it has none, which is seen when it is asked for that.
            found = kind == 1 || kind == 2;
            freeUPNPDevlist(all);
        }
        Router(const Router&) = delete;
        Router& operator=(const Router&) = delete;
        ~Router() {
            if (filled) FreeUPNPUrls(&urls);
        }
    };
    int add(const Router& router, const MappingWish& wish, std::uint16_t port, const std::string& inside,
            const std::string& lease) const {
        return UPNP_AddPortMapping(router.urls.controlURL, router.data.first.servicetype,
                                   std::to_string(port).c_str(), inside.c_str(), router.own,
                                   options_.name.c_str(), wish.tcp ? "TCP" : "UDP", nullptr, lease.c_str());
    }

    UpnpOptions options_;
};
static_assert(MappingWay<Upnp>);

} // namespace tenon::transport
