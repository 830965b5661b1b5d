#pragma once
// Sign: the host's side of finding rooms in a local network. It answers whoever asks for rooms of its game,
// and says nothing by itself. The program that hosts has one beside its session.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "tenon/core/bucket.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/time.hpp"
#include "tenon/lan/words.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon::lan {

// What the sign says. Texts are cut after 48 bytes; what is no plain text is shown as nothing.
struct Notice {
    std::string_view room{}; // its name
    std::string_view text{}; // whatever helps to choose
    std::uint16_t port = 0;  // at which the session is joined; 0: nobody is answered
    std::size_t players = 0, places = 0;
};

struct SignFigures {
    std::uint64_t answered = 0, repeated = 0, flooded = 0, refused = 0;
};

// Whom to answer, and with what. Sans-I/O: an answer is never longer than its question, goes once to each
// question of each who asks, and no more often than the allowances have it.
template <class Address>
class Replies {
  public:
    static constexpr Allowance all{200, 200}, each{10, 20}; // of one address
    static constexpr std::size_t askers_max = 64;

    Replies(std::uint64_t game, std::uint64_t instance) : game_(game), instance_(instance) {}

    // Bytes of the answer, which stand in `into` then; 0: there is none.
    std::size_t answer(Instant now, const Address& from, BytesIn question, Listing listing, BytesOut into) {
        const auto number = read_question(question, game_);
        if (!number) return ++figures_.refused, 0;
        Asker& asker = asker_of(from);
        if (asker.is_known(*number)) return ++figures_.repeated, 0;
        if (!total_.has(now, all_price) || !asker.bucket.has(now, each_price)) return ++figures_.flooded, 0;
        total_.spend(now, all_price);
        asker.bucket.spend(now, each_price);
        asker.asked = now;
        asker.know(*number);
        listing.instance = instance_;
        ++figures_.answered;
        return write_answer(into.first(into.size() < question.size() ? into.size() : question.size()),
                            *number, listing, game_);
    }
    const SignFigures& figures() const { return figures_; }

  private:
    static constexpr Price all_price{all}, each_price{each};

    struct Asker {
        Address at{};
        Bucket bucket;
        Instant asked{};
        std::array<std::uint64_t, 4> numbers{};
        unsigned next = 0;
        bool used = false;

        bool is_known(std::uint64_t number) const {
            for (unsigned i = 0; i < numbers.size(); ++i)
                if (i < next && numbers[i] == number) return true;
            return false;
        }
        void know(std::uint64_t number) { numbers[next++ % numbers.size()] = number; }
    };
    // When there are too many, the one that has not asked for longest is forgotten; what all together may
    // have holds nevertheless.
    Asker& asker_of(const Address& from) {
        const Address host = host_of(from);
        std::size_t oldest = 0;
        for (std::size_t i = 0; i < askers_max; ++i) {
            if (askers_[i].used && askers_[i].at == host) return askers_[i];
            if (!askers_[i].used || askers_[i].asked < askers_[oldest].asked) oldest = i;
            if (!askers_[i].used) break;
        }
        askers_[oldest] = Asker();
        askers_[oldest].at = host;
        askers_[oldest].used = true;
        return askers_[oldest];
    }

    std::uint64_t game_, instance_;
    Bucket total_;
    std::array<Asker, askers_max> askers_{};
    SignFigures figures_;
};

template <class Game, class Transport = class Udp>
class Sign {
  public:
    explicit Sign(Transport transport = Transport())
        : transport_(std::move(transport)), replies_(stable_id(Game::name), transport_.entropy()) {}

    // Several signs on one machine share the port.
    Result<> open(std::uint16_t port = default_port) {
        const auto opened = transport_.open(port);
        return opened ? Result<>() : opened.error();
    }
    void close() { transport_.close(); }

    // Answers who has asked. It never blocks; as often as the session's own tick is right.
    void tick(Instant now, const Notice& notice) {
        if (notice.port == 0) return transport_.poll(NoDatagrams{});
        Listing listing;
        listing.schema = Game::schema_hash();
        listing.version = Game::version;
        listing.port = notice.port;
        listing.players = count(notice.players);
        listing.places = count(notice.places);
        listing.room = plain(notice.room);
        listing.text = plain(notice.text);
        transport_.poll([&](const auto& from, Lane lane, BytesIn question) {
            std::byte answer[question_bytes];
            const std::size_t size = replies_.answer(now, from, question, listing, answer);
            if (size != 0) (void)transport_.send(from, lane, BytesIn(answer).first(size));
        });
        transport_.flush();
    }
    const SignFigures& figures() const { return replies_.figures(); }
    Transport& transport() { return transport_; }

  private:
    static std::uint16_t count(std::size_t number) {
        return static_cast<std::uint16_t>(number < 0xFFFF ? number : 0xFFFF);
    }
    static Text plain(std::string_view text) { return Text::is_plain(text) ? Text(text) : Text(); }

    Transport transport_;
    Replies<typename Transport::Address> replies_;
};

} // namespace tenon::lan
