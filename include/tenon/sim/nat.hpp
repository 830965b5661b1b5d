#pragma once
// Nats: the boxes between a home and the world, which lend their hosts a port of their own address and let in
// only what somebody inside has asked for. Network passes every datagram through them.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "tenon/core/time.hpp"
#include "tenon/transport/memory.hpp"

namespace tenon::sim {

// Whom a box lets in at a port that it has lent.
enum class NatKind : std::uint8_t {
    full_cone,          // anybody
    address_restricted, // hosts that were sent to from this port of the inside
    port_restricted,    // and of those only the ports that were
    symmetric,          // the same, and each place that is sent to sees another port of the box
};

struct Nat {
    NatKind kind = NatKind::port_restricted;
    Duration forgets_after = seconds(60); // a port, and whom it lets in, when nothing was sent for so long
    bool hairpin = false;                 // whether hosts inside reach each other by the box's own address
};

class Nats {
  public:
    using Address = transport::MemoryAddress;

    // From here on these hosts are known to all others by the address of `outer`, which is nobody's.
    void add(std::uint32_t outer, std::vector<std::uint32_t> inside, const Nat& nat) {
        boxes_.push_back({outer, std::move(inside), nat, {}, first_port});
    }
    // A port of the box that always leads to this port inside, as people open them for their servers.
    void forward(std::uint32_t outer, std::uint16_t port, const Address& inside) {
        if (Box* box = outside(outer)) box->mappings.push_back({inside, {}, port, {}, {}, true});
    }
    // Nobody's box stands before this host, as where a connection is kept up by itself.
    void exempt(std::uint32_t host) { exempt_.push_back(host); }
    // The box forgets what it has lent: whoever goes on sending is seen at another port.
    void restart(std::uint32_t outer) {
        Box* const box = outside(outer);
        if (box == nullptr) return;
        auto& lent = box->mappings;
        lent.erase(std::remove_if(lent.begin(), lent.end(), [](const Mapping& m) { return !m.forwarded; }),
                   lent.end());
    }

    struct Leaving {
        bool passes = true;
        Address from;              // as it is seen where it goes
        std::uint32_t to_host = 0; // that it will come to, as far as is known
    };
    Leaving leave(Instant now, const Address& from, const Address& to) {
        if (boxes_.empty() || is_exempt(from.host) || is_exempt(to.host)) return {true, from, to.host};
        Box* const mine = around(from.host);
        const Box* const its = around(to.host);
        if (its != nullptr) return {its == mine, from, to.host}; // an address inside says nothing elsewhere
        Box* const target = outside(to.host);
        if (target != nullptr && target == mine && !mine->nat.hairpin) return {false, from, to.host};
        const Address seen = mine != nullptr ? lend(*mine, now, from, to) : from;
        const Mapping* const known = target != nullptr ? find(*target, now, to.port) : nullptr;
        return {true, seen, known != nullptr ? known->inside.host : to.host};
    }
    // When it is there: true when it is let in, and `to` is then where it goes inside.
    bool arrive(Instant now, const Address& from, Address& to) const {
        if (boxes_.empty()) return true;
        const Box* const box = const_cast<Nats*>(this)->outside(to.host);
        if (box == nullptr) return true;
        const Mapping* const mapping = find(*box, now, to.port);
        if (mapping == nullptr || !lets_in(*box, *mapping, now, from)) return false;
        to = mapping->inside;
        return true;
    }

  private:
    static constexpr std::uint16_t first_port = 20'000;

    struct Asked {
        Address whom;
        Instant at;
    };
    struct Mapping {
        Address inside;
        Address only; // of a symmetric box: for what is sent there
        std::uint16_t port = 0;
        Instant used{};
        std::vector<Asked> asked;
        bool forwarded = false;
    };
    struct Box {
        std::uint32_t outer;
        std::vector<std::uint32_t> inside;
        Nat nat;
        std::vector<Mapping> mappings;
        std::uint16_t next_port;
    };

    Box* outside(std::uint32_t outer) {
        for (Box& box : boxes_)
            if (box.outer == outer) return &box;
        return nullptr;
    }
    Box* around(std::uint32_t host) {
        for (Box& box : boxes_)
            if (std::find(box.inside.begin(), box.inside.end(), host) != box.inside.end()) return &box;
        return nullptr;
    }
    bool is_exempt(std::uint32_t host) const {
        return std::find(exempt_.begin(), exempt_.end(), host) != exempt_.end();
    }
    static bool is_alive(const Box& box, const Mapping& mapping, Instant now) {
        return mapping.forwarded || now - mapping.used < box.nat.forgets_after;
    }
    static const Mapping* find(const Box& box, Instant now, std::uint16_t port) {
        for (const Mapping& mapping : box.mappings)
            if (mapping.port == port && is_alive(box, mapping, now)) return &mapping;
        return nullptr;
    }
    static Address lend(Box& box, Instant now, const Address& inside, const Address& to) {
        auto& lent = box.mappings;
        lent.erase(std::remove_if(lent.begin(), lent.end(),
                                  [&](const Mapping& m) { return !is_alive(box, m, now); }),
                   lent.end());
        const bool symmetric = box.nat.kind == NatKind::symmetric;
        auto mapping = std::find_if(lent.begin(), lent.end(), [&](const Mapping& m) {
            return m.inside == inside && (m.forwarded || !symmetric || m.only == to);
        });
        if (mapping == lent.end()) {
            // From the first again after the last; one that is lent is not lent twice.
            while (find(box, now, box.next_port) != nullptr)
                box.next_port = box.next_port == 65535 ? first_port : std::uint16_t(box.next_port + 1);
            lent.push_back({inside, to, box.next_port, now, {}, false});
            box.next_port = box.next_port == 65535 ? first_port : std::uint16_t(box.next_port + 1);
            mapping = lent.end() - 1;
        }
        mapping->used = now;
        auto& asked = mapping->asked;
        asked.erase(std::remove_if(
                        asked.begin(), asked.end(),
                        [&](const Asked& a) { return a.whom == to || now - a.at >= box.nat.forgets_after; }),
                    asked.end());
        asked.push_back({to, now});
        return {box.outer, mapping->port};
    }
    static bool lets_in(const Box& box, const Mapping& mapping, Instant now, const Address& from) {
        if (mapping.forwarded || box.nat.kind == NatKind::full_cone) return true;
        for (const Asked& asked : mapping.asked) {
            if (now - asked.at >= box.nat.forgets_after || asked.whom.host != from.host) continue;
            if (box.nat.kind == NatKind::address_restricted || asked.whom.port == from.port) return true;
        }
        return false;
    }

    std::vector<Box> boxes_;
    std::vector<std::uint32_t> exempt_;
};

} // namespace tenon::sim
