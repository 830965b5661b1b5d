#pragma once
// What a connection costs without tenon: the system's socket, with OpenSSL or not, and frames behind their
// length or by wslay. No upgrade, no limits, one peer.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#if BENCH_TLS
#include <openssl/ssl.h>
#endif
#if BENCH_WSLAY
#include <wslay/wslay.h>
#endif

#include "game.hpp"
#include "harness.hpp"
#include "raw.hpp"

namespace bench {

inline void wait_for(int fd, short what, int ms) {
    pollfd p{fd, what, 0};
    poll(&p, 1, ms);
}

// ---- what carries bytes: read and write give what they moved, 0 when there is nothing or no room now

class BarePipe {
  public:
    BarePipe() = default;
    BarePipe(const BarePipe&) = delete;
    BarePipe& operator=(const BarePipe&) = delete;
    ~BarePipe() {
        if (fd_ >= 0) close(fd_);
    }
    void start(int fd, bool) {
        fd_ = fd;
        const int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    int fd() const { return fd_; }
    std::size_t write(const unsigned char* bytes, std::size_t size) {
        return moved(::send(fd_, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL));
    }
    std::size_t read(unsigned char* into, std::size_t size) {
        return moved(::recv(fd_, into, size, MSG_DONTWAIT));
    }

  private:
    static std::size_t moved(ssize_t n) { return n > 0 ? static_cast<std::size_t>(n) : 0; }
    int fd_ = -1;
};

#if BENCH_TLS
class TlsPipe {
  public:
    TlsPipe() = default;
    TlsPipe(const TlsPipe&) = delete;
    TlsPipe& operator=(const TlsPipe&) = delete;
    ~TlsPipe() {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }
    // Blocks until hands are shaken.
    void start(int fd, bool dialled) {
        below_.start(fd, dialled);
        context_ = SSL_CTX_new(dialled ? TLS_client_method() : TLS_server_method());
        SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (!dialled) {
            SSL_CTX_use_certificate_chain_file(context_, certificate().certificate.c_str());
            SSL_CTX_use_PrivateKey_file(context_, certificate().key.c_str(), SSL_FILETYPE_PEM);
        }
        ssl_ = SSL_new(context_);
        SSL_set_fd(ssl_, fd);
        while ((dialled ? SSL_connect(ssl_) : SSL_accept(ssl_)) != 1) wait_for(fd, POLLIN, 10);
    }
    int fd() const { return below_.fd(); }
    std::size_t write(const unsigned char* bytes, std::size_t size) {
        std::size_t moved = 0;
        return SSL_write_ex(ssl_, bytes, size, &moved) == 1 ? moved : 0;
    }
    std::size_t read(unsigned char* into, std::size_t size) {
        std::size_t moved = 0;
        return SSL_read_ex(ssl_, into, size, &moved) == 1 ? moved : 0;
    }

  private:
    BarePipe below_;
    SSL_CTX* context_ = nullptr;
    SSL* ssl_ = nullptr;
};
#endif

// ---- what makes messages of them; each is told of both directions of one connection

// Bytes that were read and not taken yet.
struct Heap {
    std::vector<unsigned char> bytes = std::vector<unsigned char>(1 << 17);
    std::size_t begin = 0, end = 0;

    std::size_t size() const { return end - begin; }
    const unsigned char* data() const { return bytes.data() + begin; }
    template <class Pipe>
    bool fill(Pipe& pipe) {
        if (begin != 0) {
            std::memmove(bytes.data(), data(), size());
            end -= std::exchange(begin, 0);
        }
        const std::size_t read = pipe.read(bytes.data() + end, bytes.size() - end);
        end += read;
        return read != 0;
    }
};

class LengthFrames {
  public:
    void start(bool) {}
    void pack(std::vector<unsigned char>& out, const unsigned char* message, std::size_t size) {
        out.push_back(static_cast<unsigned char>(size));
        out.insert(out.end(), message, message + size);
    }
    template <class F>
    void unpack(Heap& in, F&& f) {
        while (in.size() > 0 && in.size() > in.data()[0]) {
            f(in.data() + 1, std::size_t(in.data()[0]));
            in.begin += 1 + std::size_t(in.data()[0]);
        }
    }
};

#if BENCH_WSLAY
class WslayMessages {
  public:
    WslayMessages() = default;
    WslayMessages(const WslayMessages&) = delete;
    WslayMessages& operator=(const WslayMessages&) = delete;
    ~WslayMessages() { wslay_frame_context_free(context_); }

    void start(bool dialled) {
        masks_ = dialled;
        const wslay_frame_callbacks callbacks = {give, take, mask};
        wslay_frame_context_init(&context_, &callbacks, this);
    }
    void pack(std::vector<unsigned char>& out, const unsigned char* message, std::size_t size) {
        out_ = &out;
        wslay_frame_iocb frame{};
        frame.fin = 1;
        frame.opcode = WSLAY_BINARY_FRAME;
        frame.mask = masks_;
        frame.payload_length = frame.data_length = size;
        frame.data = message;
        wslay_frame_send(context_, &frame);
    }
    template <class F>
    void unpack(Heap& in, F&& f) {
        in_ = &in;
        wslay_frame_iocb frame{};
        while (wslay_frame_recv(context_, &frame) >= 0) {
            whole_.insert(whole_.end(), frame.data, frame.data + frame.data_length);
            if (whole_.size() < frame.payload_length) continue;
            f(whole_.data(), whole_.size());
            whole_.clear();
        }
    }

  private:
    static WslayMessages& self(void* user) { return *static_cast<WslayMessages*>(user); }
    static ssize_t give(const std::uint8_t* data, std::size_t size, int, void* user) {
        self(user).out_->insert(self(user).out_->end(), data, data + size);
        return static_cast<ssize_t>(size);
    }
    static ssize_t take(std::uint8_t* into, std::size_t size, int, void* user) {
        Heap& in = *self(user).in_;
        const std::size_t count = std::min(in.size(), size);
        if (count == 0) return -1;
        std::memcpy(into, in.data(), count);
        in.begin += count;
        return static_cast<ssize_t>(count);
    }
    static int mask(std::uint8_t* into, std::size_t size, void*) {
        std::memset(into, 0x5A, size);
        return 0;
    }

    wslay_frame_context_ptr context_ = nullptr;
    Heap* in_ = nullptr;
    std::vector<unsigned char>* out_ = nullptr;
    std::vector<unsigned char> whole_;
    bool masks_ = false;
};
#endif

// ---- one side of a connection

template <class Pipe, class Frames>
class BareStream {
  public:
    // Bytes of one write at most, as many as what the system takes at once is worth.
    static constexpr std::size_t write_bytes = 16 << 10;

    BareStream() = default;
    BareStream(const BareStream&) = delete;
    BareStream& operator=(const BareStream&) = delete;
    ~BareStream() {
        if (listening_ >= 0) close(listening_);
    }

    std::uint16_t listen() {
        listening_ = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in at = loopback(0);
        socklen_t size = sizeof at;
        if (bind(listening_, reinterpret_cast<const sockaddr*>(&at), size) != 0) std::abort();
        ::listen(listening_, 1);
        getsockname(listening_, reinterpret_cast<sockaddr*>(&at), &size);
        return ntohs(at.sin_port);
    }
    bool dial(std::uint16_t port) {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        const sockaddr_in to = loopback(port);
        if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return close(fd), false;
        start(fd, true);
        return true;
    }
    // Whether it could be taken.
    bool offer(const unsigned char* message, std::size_t size) {
        if (out_.size() - written_ >= write_bytes && !push()) return false;
        frames_.pack(out_, message, size);
        return true;
    }
    // Whether all has gone.
    bool push() {
        while (written_ < out_.size()) {
            const std::size_t moved = pipe_.write(out_.data() + written_, out_.size() - written_);
            if (moved == 0) return false;
            written_ += moved;
        }
        out_.clear();
        written_ = 0;
        return true;
    }
    template <class F>
    bool read(F&& f) {
        if (!up_) {
            wait_for(listening_, POLLIN, 10);
            const int fd = accept4(listening_, nullptr, nullptr, 0);
            if (fd >= 0) start(fd, false);
            return up_;
        }
        if (!in_.fill(pipe_)) return false;
        frames_.unpack(in_, f);
        return true;
    }
    void wait_readable(int ms) { wait_for(up_ ? pipe_.fd() : listening_, POLLIN, ms); }
    void wait_writable(int ms) { wait_for(pipe_.fd(), POLLOUT, ms); }

  private:
    void start(int fd, bool dialled) {
        timeval patience{0, 1000};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        pipe_.start(fd, dialled);
        frames_.start(dialled);
        fcntl(fd, F_SETFL, O_NONBLOCK);
        up_ = true;
    }

    Pipe pipe_;
    Frames frames_;
    Heap in_;
    std::vector<unsigned char> out_;
    std::size_t written_ = 0;
    int listening_ = -1;
    bool up_ = false;
};

// ---- the sides of a flood and of an echo

template <class Stream>
struct BareReceiver {
    Stream stream;
    std::uint16_t port_ = stream.listen();
    std::uint64_t heard = 0, misplaced = 0;

    std::uint16_t port() { return port_; }
    void turn() {
        for (int i = 0; i < 16; ++i)
            if (!stream.read([&](const unsigned char* bytes, std::size_t) {
                    std::uint64_t number = 0;
                    std::memcpy(&number, bytes, sizeof number);
                    misplaced += number != heard++;
                }))
                return stream.wait_readable(1);
    }
};

template <class Stream>
struct BareSender {
    Stream stream;
    unsigned char message[100]{};
    std::uint64_t sent = 0;
    static constexpr int burst = 512;

    bool connect(std::uint16_t port) { return stream.dial(port); }
    bool offer() {
        std::memcpy(message, &sent, sizeof sent);
        if (!stream.offer(message, sizeof message)) return false;
        ++sent;
        return true;
    }
    void turn(bool full) {
        if (!stream.push() && full) stream.wait_writable(1);
    }
    bool drained() { return stream.push(); }
};

template <class Stream>
struct BareEcho {
    Stream stream;
    std::uint16_t port_ = stream.listen();

    std::uint16_t port() { return port_; }
    void turn() {
        stream.wait_readable(100);
        while (stream.read([&](const unsigned char* bytes, std::size_t size) { stream.offer(bytes, size); }))
            stream.push();
    }
};

template <class Stream>
struct BareCaller {
    Stream stream;

    bool connect(std::uint16_t port) { return stream.dial(port); }
    bool call() {
        const unsigned char message[64]{};
        bool answered = false;
        if (!stream.offer(message, sizeof message) || !stream.push()) return false;
        return soon([&] {
            stream.wait_readable(100);
            stream.read([&](const unsigned char*, std::size_t) { answered = true; });
            return answered;
        });
    }
};

} // namespace bench
