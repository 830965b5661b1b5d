#pragma once
// Who is not let in: addresses and keys, each until when and why, asked at the door. A list is kept as a text
// of lines, which the caller reads and writes; what time it is the caller tells it now and then.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/unix_time.hpp"
#include "tenon/transport/address.hpp"

namespace tenon {

// Up to `Max` bytes of a line.
template <std::size_t Max>
struct BanText {
    std::array<char, Max> text{};
    std::uint8_t size = 0;

    static constexpr std::size_t max = Max;

    // Control characters would end the line.
    Result<> set(std::string_view from) {
        if (from.size() > Max) return Error::over_bound;
        for (const char c : from)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return Error::malformed;
        for (std::size_t i = 0; i < from.size(); ++i) text[i] = from[i];
        size = static_cast<std::uint8_t>(from.size());
        return {};
    }
    std::string_view view() const { return {text.data(), size}; }
};

// Who: an address without its port, as text, or a key, which is the one of exchanges. Two keys of signatures
// have it in common, and so are banned together.
struct Banned {
    enum class Kind : std::uint8_t { address, key };
    Kind kind = Kind::address;
    BanText<64> text;

    static Result<Banned> of_address(std::string_view text) {
        Banned who;
        const auto set = who.text.set(text);
        if (text.empty() || text.find(' ') != text.npos) return Error::malformed;
        return set ? Result<Banned>(who) : set.error();
    }
    static Banned of_key(const std::array<std::byte, 32>& key) {
        Banned who{Kind::key, {}};
        for (const std::byte byte : key) {
            who.text.text[who.text.size++] = "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
            who.text.text[who.text.size++] = "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15];
        }
        return who;
    }
    std::uint64_t hash() const { return stable_id(text.view()) + static_cast<std::uint64_t>(kind); }
    friend bool operator==(const Banned& a, const Banned& b) {
        return a.kind == b.kind && a.text.view() == b.text.view();
    }
};

template <class Address>
Banned banned_address(const Address& address) {
    const auto text = transport::network_of(address).text();
    std::string_view host(text);
    if (host.ends_with(":0")) host.remove_suffix(2); // a network has no port
    return Banned::of_address(host).value_or(Banned{});
}

class BanList {
  public:
    static constexpr std::size_t bans_max = 4096;
    static constexpr UnixTime for_good{UnixTime::max};

    struct Ban {
        Banned who;
        UnixTime until = for_good;
        BanText<48> text; // for who is banned

        // What an honest user is told.
        BanText<80> told() const {
            BanText<80> told;
            const auto add = [&](std::string_view more) {
                for (const char c : more)
                    if (told.size < told.max) told.text[told.size++] = c;
            };
            if (until < for_good) add("until "), add(DateText(until).view());
            if (until < for_good && text.size != 0) add(": ");
            add(text.view());
            return told;
        }
    };

    // No ban ends before the list knows that its time is over.
    void tell_time(UnixTime now) {
        now_ = now;
        for (std::size_t i = now < earliest_ ? bans_.size() : 0; i < bans_.size();)
            bans_[i].until <= now ? remove(i) : void(++i);
        earliest_ = for_good;
        for (std::size_t i = 0; i < bans_.size(); ++i)
            if (bans_[i].until < earliest_) earliest_ = bans_[i].until;
    }
    // Another ban of the same takes the place of the former.
    Result<> add(const Banned& who, UnixTime until, std::string_view text) {
        Ban ban{who, until, {}};
        if (const auto set = ban.text.set(text); !set) return set;
        if (who.text.size == 0 || until.seconds < 0 || until > for_good) return Error::malformed;
        if (until <= now_) return Error::expired;
        if (Ban* known = place_of(who)) return *known = ban, note(until);
        if (bans_.size() >= bans_max || hashes_.push_back(who.hash()) == nullptr) return Error::over_bound;
        if (bans_.push_back(ban) == nullptr) return hashes_.pop_back(), Error::over_bound;
        return note(until);
    }
    bool remove(const Banned& who) {
        const Ban* ban = find(who);
        for (std::size_t i = 0; ban != nullptr && i < bans_.size(); ++i)
            if (&bans_[i] == ban) return remove(i), true;
        return false;
    }
    const Ban* find(const Banned& who) const { return const_cast<BanList*>(this)->place_of(who); }
    std::size_t size() const { return bans_.size(); }
    const Ban& operator[](std::size_t i) const { return bans_[i]; }

    // ---- as text: lines of `address 203.0.113.7 UNTIL TEXT` and `key HEX UNTIL TEXT`, and of remarks after
    // #; UNTIL is in seconds since 1970, or `always`

    // Adds what the text says and is not over, or nothing of it and the error, with the number of the line.
    Result<> read(std::string_view text, std::size_t* line_number = nullptr) {
        BanList more;
        more.now_ = now_;
        for (std::size_t i = 0; i < bans_.size(); ++i)
            if (!more.add(bans_[i].who, bans_[i].until, bans_[i].text.view())) return Error::over_bound;
        for (std::size_t number = 1; !text.empty(); ++number) {
            const std::size_t end = text.find('\n');
            if (line_number != nullptr) *line_number = number;
            const auto read = more.read_line(text.substr(0, end));
            if (!read && read.error() != Error::expired) return read;
            text.remove_prefix(end < text.size() ? end + 1 : text.size());
        }
        swap(more);
        return {};
    }
    // append(std::string_view) gets the whole text, piece by piece.
    template <class F>
    void write(F&& append) const {
        append(std::string_view("# who is not let in, until when, and why; kept by tenon, one line each\n"));
        for (std::size_t i = 0; i < bans_.size(); ++i) {
            const Ban& ban = bans_[i];
            transport::AddressText until;
            if (ban.until < for_good)
                until.add_number(static_cast<std::uint64_t>(ban.until.seconds));
            else
                until.add("always");
            append(std::string_view(ban.who.kind == Banned::Kind::key ? "key " : "address "));
            append(ban.who.text.view());
            append(std::string_view(" "));
            append(until.view());
            append(std::string_view(ban.text.size != 0 ? " " : ""));
            append(ban.text.view());
            append(std::string_view("\n"));
        }
    }

  private:
    Ban* place_of(const Banned& who) {
        if (hashes_.empty()) return nullptr;
        const std::uint64_t hash = who.hash();
        for (std::size_t i = 0; i < hashes_.size(); ++i)
            if (hashes_[i] == hash && bans_[i].who == who) return &bans_[i];
        return nullptr;
    }
    void remove(std::size_t at) {
        bans_[at] = bans_.back();
        hashes_[at] = hashes_.back();
        bans_.pop_back();
        hashes_.pop_back();
    }
    Result<> note(UnixTime until) {
        if (until < earliest_) earliest_ = until;
        return {};
    }
    void swap(BanList& other) {
        Ring<Ban> bans(std::move(bans_));
        bans_ = std::move(other.bans_);
        other.bans_ = std::move(bans);
        Ring<std::uint64_t> hashes(std::move(hashes_));
        hashes_ = std::move(other.hashes_);
        other.hashes_ = std::move(hashes);
        earliest_ = other.earliest_;
    }
    Result<> read_line(std::string_view line) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.starts_with('#')) return {};
        const auto word = [&] {
            const std::size_t end = line.find(' ') < line.size() ? line.find(' ') : line.size();
            const std::string_view found = line.substr(0, end);
            line.remove_prefix(end < line.size() ? end + 1 : end);
            return found;
        };
        const std::string_view kind = word(), who = word(), until = word();
        if (kind != "address" && kind != "key") return Error::malformed;
        auto banned = Banned::of_address(who);
        if (!banned) return banned.error();
        if (kind == "key") {
            if (who.size() != 64 || who.find_first_not_of("0123456789abcdef") != who.npos)
                return Error::malformed;
            banned->kind = Banned::Kind::key;
        }
        UnixTime end = for_good;
        if (until != "always") {
            if (until.empty() || until.size() > 15) return Error::malformed;
            end.seconds = 0;
            for (const char c : until) {
                if (c < '0' || c > '9') return Error::malformed;
                end.seconds = end.seconds * 10 + (c - '0');
            }
        }
        return add(*banned, end, line);
    }

    Ring<Ban> bans_;
    Ring<std::uint64_t> hashes_; // of each, as one looks for it
    UnixTime now_{-1}, earliest_ = for_good;
};

} // namespace tenon
