#pragma once
// Qpack: the fields of HTTP/3's messages, compressed (RFC 9204), without a table that changes: so no message
// waits for another. The one place that meets nghttp3; Http3Session has one. Link it with -lnghttp3.

#if !__has_include(<nghttp3/nghttp3.h>)
#error "tenon: web_transport.hpp needs nghttp3: install libnghttp3-dev (Debian)"
#endif
#include <nghttp3/nghttp3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/transport/http3.hpp"

namespace tenon::transport::detail {

struct HttpField {
    std::string_view name, value;
};

class Qpack {
  public:
    enum class Read : std::uint8_t { whole, malformed, too_large };

    // Calls f(field) for each in the block, which is all of one message's.
    template <class F>
    Read read(BytesIn block, std::int64_t stream, F&& f);
    // What was said about the table that is not there; false where that is more than that it has no size.
    bool heed_encoder(BytesIn bytes) {
        return open() && nghttp3_qpack_decoder_read_encoder(decoder_.get(), octets(bytes), bytes.size()) ==
                             static_cast<nghttp3_ssize>(bytes.size());
    }
    bool heed_decoder(BytesIn bytes) {
        return open() && nghttp3_qpack_encoder_read_decoder(encoder_.get(), octets(bytes), bytes.size()) ==
                             static_cast<nghttp3_ssize>(bytes.size());
    }
    // Gives the block of these fields to f(bytes); false where there is no memory.
    template <class F>
    bool write(std::span<const HttpField> fields, std::int64_t stream, F&& f);

  private:
    static constexpr std::size_t fields_max = 16; // that we ever say
    static constexpr std::size_t field_cost = 32; // of each besides its bytes, as RFC 9114 counts them

    static const std::uint8_t* octets(BytesIn bytes) {
        return reinterpret_cast<const std::uint8_t*>(bytes.data());
    }
    bool open() {
        const nghttp3_mem* memory = nghttp3_mem_default();
        nghttp3_qpack_decoder* decoder = nullptr;
        nghttp3_qpack_encoder* encoder = nullptr;
        if (decoder_ == nullptr && nghttp3_qpack_decoder_new(&decoder, 0, 0, memory) == 0)
            decoder_.reset(decoder);
        if (encoder_ == nullptr && nghttp3_qpack_encoder_new(&encoder, 0, memory) == 0)
            encoder_.reset(encoder);
        return decoder_ != nullptr && encoder_ != nullptr;
    }
    struct Free {
        void operator()(nghttp3_qpack_decoder* it) const { nghttp3_qpack_decoder_del(it); }
        void operator()(nghttp3_qpack_encoder* it) const { nghttp3_qpack_encoder_del(it); }
    };

    std::unique_ptr<nghttp3_qpack_decoder, Free> decoder_;
    std::unique_ptr<nghttp3_qpack_encoder, Free> encoder_;
};

template <class F>
Qpack::Read Qpack::read(BytesIn block, std::int64_t stream, F&& f) {
    nghttp3_qpack_stream_context* context = nullptr;
    if (!open() || nghttp3_qpack_stream_context_new(&context, stream, nghttp3_mem_default()) != 0)
        return Read::malformed;
    Read found = Read::malformed;
    for (std::size_t cost = 0;;) {
        nghttp3_qpack_nv field{};
        std::uint8_t flags = 0;
        const nghttp3_ssize used = nghttp3_qpack_decoder_read_request(decoder_.get(), context, &field, &flags,
                                                                      octets(block), block.size(), 1);
        if (used < 0) {
            if (used == NGHTTP3_ERR_QPACK_HEADER_TOO_LARGE) found = Read::too_large;
            break;
        }
        block = block.subspan(static_cast<std::size_t>(used));
        if ((flags & NGHTTP3_QPACK_DECODE_FLAG_EMIT) != 0) {
            const nghttp3_vec name = nghttp3_rcbuf_get_buf(field.name);
            const nghttp3_vec value = nghttp3_rcbuf_get_buf(field.value);
            cost += name.len + value.len + field_cost;
            if (cost <= Http3Settings::head_max)
                f(HttpField{{reinterpret_cast<const char*>(name.base), name.len},
                            {reinterpret_cast<const char*>(value.base), value.len}});
            nghttp3_rcbuf_decref(field.name);
            nghttp3_rcbuf_decref(field.value);
            if (cost > Http3Settings::head_max) {
                found = Read::too_large;
                break;
            }
        } else if ((flags & NGHTTP3_QPACK_DECODE_FLAG_FINAL) != 0) {
            found = Read::whole;
            break;
        } else {
            break; // it would wait for a table
        }
    }
    nghttp3_qpack_stream_context_del(context);
    return found;
}

template <class F>
bool Qpack::write(std::span<const HttpField> fields, std::int64_t stream, F&& f) {
    nghttp3_nv list[fields_max];
    if (!open() || fields.size() > fields_max) return false;
    const auto plain = [](std::string_view text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data())); // only read
    };
    for (std::size_t i = 0; i < fields.size(); ++i)
        list[i] = {plain(fields[i].name), plain(fields[i].value), fields[i].name.size(),
                   fields[i].value.size(), NGHTTP3_NV_FLAG_NONE};
    nghttp3_buf prefix, rest, table;
    for (nghttp3_buf* each : {&prefix, &rest, &table}) nghttp3_buf_init(each);
    const bool done = nghttp3_qpack_encoder_encode(encoder_.get(), &prefix, &rest, &table, stream, list,
                                                   fields.size()) == 0;
    const auto bytes = [](const nghttp3_buf& of) {
        return BytesIn(reinterpret_cast<const std::byte*>(of.pos),
                       static_cast<std::size_t>(of.last - of.pos));
    };
    if (done) f(bytes(prefix), bytes(rest));
    for (nghttp3_buf* each : {&prefix, &rest, &table}) nghttp3_buf_free(each, nghttp3_mem_default());
    return done;
}

} // namespace tenon::transport::detail
