#pragma once
// Plain UDP sockets over IPv4 loopback, which are the physical limit beside which everything is shown.

#include <cstdint>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

class RawSocket {
  public:
    explicit RawSocket(std::uint16_t port = 0) : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        int bytes = 4 << 20;
        setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
        sockaddr_in a = loopback(port);
        a.sin_addr.s_addr = htonl(INADDR_ANY); // as a server does that waits for the world
        good_ = bind(fd_, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0;
    }
    ~RawSocket() { close(fd_); }
    RawSocket(const RawSocket&) = delete;
    RawSocket& operator=(const RawSocket&) = delete;

    bool good() const { return good_; }
    int fd() const { return fd_; }
    std::uint16_t port() const {
        sockaddr_in a{};
        socklen_t size = sizeof a;
        getsockname(fd_, reinterpret_cast<sockaddr*>(&a), &size);
        return ntohs(a.sin_port);
    }
    bool send(const sockaddr_in& to, const void* bytes, std::size_t size) {
        return sendto(fd_, bytes, size, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) >= 0;
    }
    // Bytes received, or less than 0 when there is nothing.
    long receive(sockaddr_in& from, void* into, std::size_t size) {
        socklen_t length = sizeof from;
        return recvfrom(fd_, into, size, 0, reinterpret_cast<sockaddr*>(&from), &length);
    }
    void wait(int ms) {
        pollfd p{fd_, POLLIN, 0};
        poll(&p, 1, ms);
    }

  private:
    int fd_;
    bool good_ = false;
};

} // namespace bench
