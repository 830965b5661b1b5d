#pragma once
// QuicTickets: what servers gave to their guests to come in quicker the next time, by the address that was
// dialled. Each is used once; QuicOver keeps them as long as it is there.

#include <cstddef>
#include <utility>
#include <vector>

#include "tenon/transport/connection_address.hpp"

namespace tenon::transport::detail {

struct QuicTicket {
    std::vector<std::byte> session; // goes on from an earlier connection's secrets
    std::vector<std::byte> token;   // shows that the address is real
};

class QuicTickets {
  public:
    static constexpr std::size_t hosts_max = 64; // then the oldest go

    // The place of a host's; what is put there replaces what was.
    QuicTicket& of(const ConnectionAddress& host) {
        for (Entry& entry : entries_)
            if (entry.host == host) return entry.ticket;
        if (entries_.size() >= hosts_max) entries_.erase(entries_.begin());
        entries_.push_back({host, {}});
        return entries_.back().ticket;
    }
    QuicTicket take(const ConnectionAddress& host) {
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            if (entries_[i].host != host) continue;
            QuicTicket taken = std::move(entries_[i].ticket);
            entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
            return taken;
        }
        return {};
    }
    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        ConnectionAddress host;
        QuicTicket ticket;
    };
    std::vector<Entry> entries_;
};

} // namespace tenon::transport::detail
