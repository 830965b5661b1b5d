#pragma once
// Redundant: AckVector, and repair data ahead of any loss, so that what is lost is mostly back before the
// other side could even say so. It costs bytes all the time, and is for those who choose it: after each
// `Every` chunks of reliable messages goes a repair of the last `Window`.

#include <cstdint>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/time.hpp"
#include "tenon/reliability/concept.hpp"
#include "tenon/reliability/erasure.hpp"

namespace tenon::reliability {

template <unsigned Window = 8, unsigned Every = 2>
struct Redundant {
    static_assert(Window <= ErasureDecoder::count_max, "tenon: a repair spans at most 32 chunks");
    static_assert(Every > 0, "tenon: Every says after how many chunks a repair is sent");
    static constexpr ReliabilityTraits traits{.reliable = true, .ordered = true, .redundant = true};

    class Machine {
      public:
        explicit Machine(Random) {}
        Machine(const Machine&) = delete;
        Machine& operator=(const Machine&) = delete;
        ~Machine() {
            for (Side& side : sides_) {
                delete side.encoder;
                delete side.decoder;
            }
        }

        bool pending(Instant now) const { return deadline() <= now; }
        Instant deadline() const { return min(sides_[0].due, sides_[1].due); }

        // ---- sending

        // A chunk goes out for the first time; `channel` is 0 or 1.
        void sent(Instant now, unsigned channel, std::uint16_t sequence, std::uint8_t flags,
                  BytesIn content) {
            Side& side = sides_[channel];
            if (side.encoder == nullptr) side.encoder = new (std::nothrow) ErasureEncoder<Window>;
            if (side.encoder == nullptr) return; // without memory there is no repair, and no loss either
            side.encoder->add(sequence, flags, content);
            ++side.uncovered;
            // A repair rides with the next packet; only where nothing follows does it get one of its own.
            side.due = now + patience;
        }
        bool fill(Instant now, Duration, PacketWriter& packet) {
            bool wrote = false;
            for (unsigned channel = 0; channel < 2; ++channel) {
                Side& side = sides_[channel];
                if (side.uncovered >= Every || side.due <= now) wrote = write(packet, side, channel) || wrote;
            }
            return wrote;
        }

        // ---- receiving

        void heard(unsigned channel, std::uint16_t sequence, std::uint8_t flags, BytesIn content) {
            if (ErasureDecoder* decoder = decoder_of(channel)) decoder->hear(sequence, flags, content);
        }
        // Reads a repair frame behind its tag.
        void read_repair(ByteReader& frames) {
            const std::uint8_t channel = frames.u8();
            const std::uint16_t first = frames.u16();
            const unsigned count = frames.u8();
            const std::uint8_t number = frames.u8();
            const BytesIn mixture = frames.sized();
            if (channel > 1 || count == 0 || count > ErasureDecoder::count_max ||
                mixture.size() > Symbol::bytes_max)
                frames.fail();
            if (!frames.ok()) return;
            if (ErasureDecoder* decoder = decoder_of(channel)) decoder->repair(first, count, number, mixture);
        }
        // The next chunk that was brought back.
        bool poll_recovered(unsigned& channel, std::uint16_t& sequence, std::uint8_t& flags,
                            BytesIn& content) {
            for (channel = 0; channel < 2; ++channel) {
                ErasureDecoder* decoder = sides_[channel].decoder;
                if (decoder != nullptr && decoder->poll(sequence, flags, content)) {
                    ++recovered_;
                    return true;
                }
            }
            return false;
        }
        std::uint64_t recovered() const { return recovered_; }

      private:
        static constexpr Duration patience = milliseconds(12);
        static constexpr std::size_t header_bytes_max = 1 + 1 + 2 + 1 + 1 + 2;

        struct Side {
            ErasureEncoder<Window>* encoder = nullptr; // made when first needed: many links are one-sided
            ErasureDecoder* decoder = nullptr;
            Instant due = Instant::never();
            unsigned uncovered = 0; // chunks since the last repair
            std::uint8_t number = 0;
        };

        ErasureDecoder* decoder_of(unsigned channel) {
            Side& side = sides_[channel];
            if (side.decoder == nullptr) side.decoder = new (std::nothrow) ErasureDecoder;
            return side.decoder;
        }
        static bool write(PacketWriter& packet, Side& side, unsigned channel) {
            const ErasureEncoder<Window>& encoder = *side.encoder;
            const std::size_t size = encoder.size();
            if (encoder.count() != 0) {
                if (packet.left() < header_bytes_max + size) return false;
                ByteWriter& out = packet.out();
                out.u8(frame::repair);
                out.u8(static_cast<std::uint8_t>(channel));
                out.u16(encoder.first());
                out.u8(static_cast<std::uint8_t>(encoder.count()));
                out.u8(side.number);
                out.varint(size);
                encoder.mix(side.number++, out.rest().first(size));
                out.skip(size);
            }
            side.uncovered = 0;
            side.due = Instant::never();
            return true;
        }

        Side sides_[2];
        std::uint64_t recovered_ = 0;
    };
};

} // namespace tenon::reliability
