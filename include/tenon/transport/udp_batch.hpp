#pragma once
// Datagrams in batches: the queue in which Udp gathers what leaves together, and the structures by which
// Linux takes and gives many at a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "tenon/core/bytes.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/system_socket.hpp"

#if defined(__linux__)
#include <netinet/udp.h>
#include <sys/socket.h>
#endif

namespace tenon::transport::detail {

// Datagrams on their way out: one after another in `bytes`, each run of equal ones to one address an entry.
struct UdpOutgoing {
    struct Entry {
        IpAddress to;
        std::uint32_t begin, size, segment; // the last segment may be shorter
        bool open;                          // another datagram may join
        bool single;                        // the kernel would not segment it
    };
    static constexpr std::size_t bytes_max = 256u << 10; // stays in a core's own cache
    static constexpr std::size_t entries_max = 64;
    static constexpr std::uint32_t run_bytes = 65'000, run_segments = 64; // what every kernel with GSO takes

    std::unique_ptr<std::byte[]> bytes{new std::byte[bytes_max]};
    std::unique_ptr<Entry[]> entries{new Entry[entries_max]};
    std::size_t first = 0, count = 0, used = 0;

    bool empty() const { return first == count; }
    bool has_room(std::size_t size) const { return used + size <= bytes_max && count < entries_max; }
    BytesOut room(std::size_t size) { return {bytes.get() + used, size}; }

    void add(const IpAddress& to, std::size_t bytes_size, bool join) {
        const auto size = static_cast<std::uint32_t>(bytes_size);
        const auto begin = static_cast<std::uint32_t>(used);
        used += size;
        if (join && count > first && size > 0) {
            Entry& last = entries[count - 1];
            if (last.open && size <= last.segment && last.size + size <= run_bytes && last.to == to &&
                last.size < last.segment * run_segments) {
                last.size += size;
                last.open = size == last.segment;
                return;
            }
        }
        entries[count++] = {to, begin, size, size, size > 0, false};
    }
    void consume(std::uint32_t size) {
        Entry& entry = entries[first];
        entry.begin += size;
        entry.size -= size;
        if (entry.size == 0) ++first;
    }
    void clear() { first = count = used = 0; }
};

#if defined(__linux__)
#ifdef UDP_SEGMENT
inline constexpr int udp_segment = UDP_SEGMENT, udp_gro = UDP_GRO;
#else
inline constexpr int udp_segment = 103, udp_gro = 104;
#endif

// The system's structures for one batch, chained once; each call fills in what changes.
template <std::size_t Slots, class Number>
struct MessageBatch {
    struct alignas(cmsghdr) Control {
        unsigned char bytes[CMSG_SPACE(sizeof(Number))];
    };
    std::array<mmsghdr, Slots> headers{};
    std::array<iovec, Slots> pieces{};
    std::array<SystemAddress, Slots> addresses{};
    std::array<Control, Slots> controls{};

    MessageBatch() {
        for (std::size_t i = 0; i < Slots; ++i) {
            headers[i].msg_hdr.msg_iov = &pieces[i];
            headers[i].msg_hdr.msg_iovlen = 1;
            headers[i].msg_hdr.msg_name = &addresses[i];
        }
    }
    MessageBatch(const MessageBatch&) = delete;
    MessageBatch& operator=(const MessageBatch&) = delete;

    void set_address(std::size_t i, const IpAddress& to, bool as_v4) {
        headers[i].msg_hdr.msg_namelen = addresses[i].set(to, as_v4);
    }
    IpAddress address(std::size_t i) const { return addresses[i].get(); }
    void set_number(std::size_t i, int type, Number number, bool wanted) {
        msghdr& header = headers[i].msg_hdr;
        header.msg_control = nullptr;
        header.msg_controllen = 0;
        if (!wanted) return;
        header.msg_control = controls[i].bytes;
        header.msg_controllen = sizeof controls[i].bytes;
        cmsghdr* control = CMSG_FIRSTHDR(&header);
        control->cmsg_level = IPPROTO_UDP;
        control->cmsg_type = type;
        control->cmsg_len = CMSG_LEN(sizeof number);
        std::memcpy(CMSG_DATA(control), &number, sizeof number);
    }
    // Resets what the kernel's last answer has overwritten.
    void expect(std::size_t i, bool with_number) {
        msghdr& header = headers[i].msg_hdr;
        header.msg_namelen = sizeof(SystemAddress);
        header.msg_control = with_number ? controls[i].bytes : nullptr;
        header.msg_controllen = with_number ? sizeof controls[i].bytes : 0;
    }
    // The number that the kernel attached, or 0.
    Number number(std::size_t i, int type) const {
        Number value = 0;
        const msghdr& header = headers[i].msg_hdr;
        const cmsghdr* control = CMSG_FIRSTHDR(&header);
        if (control != nullptr && control->cmsg_level == IPPROTO_UDP && control->cmsg_type == type)
            std::memcpy(&value, CMSG_DATA(control), sizeof value);
        return value;
    }
};
#endif

} // namespace tenon::transport::detail
