#pragma once
// StreamPage: a page whose connections are streams of bytes (Bytes: open, send, waits, close), as
// WebSocketOver asks for one whose connections carry frames: each stands behind its length, as over Quic.
// What Bytes carries beside them is as it is. browser::WebTransport has it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "tenon/browser/web_socket_over.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/transport/byte_queue.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/length_framing.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::browser::detail {

// One stream, and whom the page tells of it: who has the frames then.
class PageStream {
  public:
    template <class Owner>
    explicit PageStream(Owner& owner)
        : owner_(&owner),
          opened_([](void* to) { static_cast<Owner*>(to)->opened({}); }),
          heard_(
              [](void* to, BytesIn frame, Lane lane) { static_cast<Owner*>(to)->heard(frame, false, lane); }),
          broke_([](void* to, Error why) { static_cast<Owner*>(to)->broke(why); }) {}

    void opened() {
        if (!over_) opened_(owner_);
    }
    // Whoever hears a frame may end it meanwhile.
    void came(BytesIn bytes) {
        if (over_) return;
        if (!in_.append(bytes)) return broke_(owner_, Error::system);
        taking_ = true;
        transport::detail::LengthFraming framing;
        using What = transport::detail::FrameRead::What;
        while (!over_) {
            const transport::detail::FrameRead read = framing.read(in_, in_);
            if (read.what == What::more) break;
            if (read.what == What::over) {
                broke_(owner_, read.error);
                break;
            }
            heard_(owner_, read.bytes, {});
            in_.take(read.used);
        }
        taking_ = false;
    }
    // A datagram beside it. One that holds nothing is none of ours.
    void came_beside(BytesIn datagram) {
        if (over_ || datagram.empty()) return;
        taking_ = true;
        heard_(owner_, datagram, datagram_lane);
        taking_ = false;
    }
    void broke(Error why) {
        if (!over_) broke_(owner_, why);
    }

    // It tells nobody any more; and may go, unless it is just telling.
    void end() { over_ = true; }
    bool is_over() const { return over_; }
    bool is_taking() const { return taking_; }
    int number = 0; // the page's

  private:
    void* owner_;
    void (*opened_)(void*);
    void (*heard_)(void*, BytesIn, Lane);
    void (*broke_)(void*, Error);
    transport::detail::ByteQueue in_;
    bool over_ = false, taking_ = false;
};

template <class Bytes>
struct StreamPage : Bytes {
    template <class Owner>
    static int open(const char* url, const char*, Owner& owner) {
        sweep();
        std::unique_ptr<PageStream> made(new (std::nothrow) PageStream(owner));
        if (made == nullptr) return 0;
        const int number = made->number = Bytes::open(url, *made);
        if (number > 0) all().push_back(std::move(made));
        return number;
    }
    static bool send(int number, BytesIn frame) {
        std::byte head[transport::detail::LengthFraming::head_max];
        ByteWriter writer(head);
        writer.varint(frame.size());
        return Bytes::send(number, BytesIn(head).first(writer.position()), frame);
    }
    static void close(int number, std::uint16_t code) {
        for (const auto& stream : all())
            if (stream->number == number) stream->end();
        Bytes::close(number, code == CloseCode::normal);
        sweep();
    }

  private:
    static std::vector<std::unique_ptr<PageStream>>& all() {
        static std::vector<std::unique_ptr<PageStream>> streams;
        return streams;
    }
    static void sweep() {
        std::erase_if(all(), [](const auto& stream) { return stream->is_over() && !stream->is_taking(); });
    }
};

} // namespace tenon::browser::detail
