#pragma once
// The little of Zstandard that tenon needs: a thread's own contexts, which allocate only while they grow, a
// dictionary made ready for all threads, and the training of one. codec::Compressed calls it, and whoever
// trains. Link with -lzstd.
//
// What goes over the wire is a Zstandard frame without its header, which is the same in every message, and
// where it is one compressed block, as it nearly always is, without the block's.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/slice.hpp"

#ifndef ZSTD_STATIC_LINKING_ONLY
#define ZSTD_STATIC_LINKING_ONLY // contexts in memory of our own, and frames without a magic number
#endif
#include <zdict.h>
#include <zstd.h>

namespace tenon::codec {

namespace detail {

inline constexpr int zstd_level = 3;
inline constexpr unsigned zstd_window_log = 20;
// What a frame begins with that says nothing of its content, and has this window.
inline constexpr std::array<std::byte, 2> zstd_head{std::byte{0}, std::byte{(zstd_window_log - 10) << 3}};
inline constexpr std::size_t zstd_block_head_bytes = 3;

// Made for messages; one set for all, so that a context never has to grow.
inline ZSTD_compressionParameters zstd_parameters() { return ZSTD_getCParams(zstd_level, 64u << 10, 0); }

struct ZstdFree {
    void operator()(ZSTD_CDict* dictionary) const { ZSTD_freeCDict(dictionary); }
    void operator()(ZSTD_DDict* dictionary) const { ZSTD_freeDDict(dictionary); }
};

} // namespace detail

// The bytes must outlive it. Any number of threads may use it at once.
class ZstdDictionary {
  public:
    explicit ZstdDictionary(BytesIn bytes)
        : write_(ZSTD_createCDict_advanced(bytes.data(), bytes.size(), ZSTD_dlm_byRef, ZSTD_dct_auto,
                                           detail::zstd_parameters(), ZSTD_defaultCMem)),
          read_(ZSTD_createDDict_byReference(bytes.data(), bytes.size())) {}

    // False when the bytes are no dictionary, or memory ran out.
    bool ok() const { return write_ != nullptr && read_ != nullptr; }
    const ZSTD_CDict* for_writing() const { return write_.get(); }
    const ZSTD_DDict* for_reading() const { return read_.get(); }

  private:
    std::unique_ptr<ZSTD_CDict, detail::ZstdFree> write_;
    std::unique_ptr<ZSTD_DDict, detail::ZstdFree> read_;
};

// What was packed, and whether the headers of its blocks are in it; no bytes when it could not be made
// smaller.
struct ZstdPacked {
    BytesIn bytes;
    bool has_block_heads = false;
};

// The contexts and buffers of one thread, for every codec in it.
class ZstdContext {
  public:
    static ZstdContext& of_this_thread() {
        static thread_local ZstdContext context;
        return context;
    }
    ZstdContext() = default;
    ZstdContext(const ZstdContext&) = delete;
    ZstdContext& operator=(const ZstdContext&) = delete;

    // The bytes lie in the context until its next call. Without a dictionary: nullptr.
    ZstdPacked pack(BytesIn plain, const ZstdDictionary* dictionary);
    // As many bytes as were declared, in the context until its next call; none when they are not what was
    // packed.
    BytesIn unpack(const ZstdPacked& packed, std::size_t plain_bytes, const ZstdDictionary* dictionary);
    // A buffer for what is to be packed, which only grows.
    BytesOut plain(std::size_t size) { return grown(plain_, size); }

  private:
    static BytesOut grown(std::vector<std::byte>& buffer, std::size_t size) {
        if (buffer.size() < size) buffer.resize(size);
        return {buffer.data(), size};
    }
    bool prepare_to_pack();
    bool prepare_to_unpack();

    std::unique_ptr<std::byte[]> write_memory_, read_memory_;
    ZSTD_CCtx* write_ = nullptr;
    ZSTD_DCtx* read_ = nullptr;
    std::vector<std::byte> plain_, frame_;
};

inline bool ZstdContext::prepare_to_pack() {
    if (write_ != nullptr) return true;
    const ZSTD_compressionParameters parameters = detail::zstd_parameters();
    const std::size_t size = ZSTD_estimateCCtxSize_usingCParams(parameters);
    write_memory_.reset(new (std::nothrow) std::byte[size]);
    if (write_memory_ == nullptr) return false;
    write_ = ZSTD_initStaticCCtx(write_memory_.get(), size);
    if (write_ == nullptr) return false;
    const auto set = [this](ZSTD_cParameter what, auto value) {
        return !ZSTD_isError(ZSTD_CCtx_setParameter(write_, what, static_cast<int>(value)));
    };
    return set(ZSTD_c_format, ZSTD_f_zstd1_magicless) && set(ZSTD_c_contentSizeFlag, 0) &&
           set(ZSTD_c_checksumFlag, 0) && set(ZSTD_c_dictIDFlag, 0) &&
           set(ZSTD_c_windowLog, parameters.windowLog) && set(ZSTD_c_hashLog, parameters.hashLog) &&
           set(ZSTD_c_chainLog, parameters.chainLog) && set(ZSTD_c_searchLog, parameters.searchLog) &&
           set(ZSTD_c_minMatch, parameters.minMatch) && set(ZSTD_c_strategy, parameters.strategy) &&
           set(ZSTD_c_targetLength, parameters.targetLength);
}

inline bool ZstdContext::prepare_to_unpack() {
    if (read_ != nullptr) return true;
    const std::size_t size = ZSTD_estimateDCtxSize();
    read_memory_.reset(new (std::nothrow) std::byte[size]);
    if (read_memory_ == nullptr) return false;
    read_ = ZSTD_initStaticDCtx(read_memory_.get(), size);
    return read_ != nullptr &&
           !ZSTD_isError(ZSTD_DCtx_setParameter(read_, ZSTD_d_format, ZSTD_f_zstd1_magicless));
}

inline ZstdPacked ZstdContext::pack(BytesIn plain, const ZstdDictionary* dictionary) {
    if (!prepare_to_pack()) return {};
    // No more room than would pay, so that what does not ends early.
    const BytesOut frame = grown(frame_, plain.size());
    const ZSTD_CDict* const with = dictionary != nullptr ? dictionary->for_writing() : nullptr;
    // After one that found too little room a context must be told to begin anew.
    if (ZSTD_isError(ZSTD_CCtx_reset(write_, ZSTD_reset_session_only)) ||
        ZSTD_isError(ZSTD_CCtx_refCDict(write_, with)))
        return {};
    const std::size_t size = ZSTD_compress2(write_, frame.data(), frame.size(), plain.data(), plain.size());
    constexpr std::size_t head = detail::zstd_head.size(), block_head = detail::zstd_block_head_bytes;
    if (ZSTD_isError(size) || size <= head + block_head || frame[0] != detail::zstd_head[0]) return {};
    const BytesIn blocks = BytesIn(frame).subspan(head, size - head);
    const std::uint64_t block = load_le_n(blocks.data(), block_head);
    const bool last = (block & 1) != 0, compressed = (block >> 1 & 3) == 2;
    if (last && compressed && block >> 3 == blocks.size() - block_head)
        return {blocks.subspan(block_head), false};
    return {blocks, true};
}

inline BytesIn ZstdContext::unpack(const ZstdPacked& packed, std::size_t plain_bytes,
                                   const ZstdDictionary* dictionary) {
    if (!prepare_to_unpack()) return {};
    constexpr std::size_t head = detail::zstd_head.size(), block_head = detail::zstd_block_head_bytes;
    const std::size_t before = head + (packed.has_block_heads ? 0 : block_head);
    const BytesOut frame = grown(frame_, before + packed.bytes.size());
    copy(frame.data(), detail::zstd_head);
    if (!packed.has_block_heads)
        store_le_n(frame.data() + head, std::uint64_t(packed.bytes.size()) << 3 | 2 << 1 | 1, block_head);
    copy(frame.data() + before, packed.bytes);
    const BytesOut into = plain(plain_bytes);
    const ZSTD_DDict* const with = dictionary != nullptr ? dictionary->for_reading() : nullptr;
    if (ZSTD_isError(ZSTD_DCtx_reset(read_, ZSTD_reset_session_only)) ||
        ZSTD_isError(ZSTD_DCtx_refDDict(read_, with)))
        return {};
    const std::size_t size = ZSTD_decompressDCtx(read_, into.data(), into.size(), frame.data(), frame.size());
    return size == plain_bytes ? BytesIn(into) : BytesIn();
}

// A dictionary of at most that many bytes from messages, which lie behind each other, those of all kinds
// mixed. The more of them, the better: a hundred times its size together. Empty when there were too few.
inline std::vector<std::byte> train_zstd_dictionary(BytesIn messages, Slice<const std::size_t> sizes,
                                                    std::size_t bytes_max) {
    std::vector<std::byte> bytes(bytes_max);
    const std::size_t size = ZDICT_trainFromBuffer(bytes.data(), bytes.size(), messages.data(), sizes.data(),
                                                   static_cast<unsigned>(sizes.size()));
    bytes.resize(ZDICT_isError(size) ? 0 : size);
    return bytes;
}

} // namespace tenon::codec
