#pragma once
// Versions, and the words in which a host tells a caller of another one what would help. The entrance of a
// room says them with its refusal.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"

namespace tenon {

// Of the protocol: major and minor, a byte each. Sides of one major version understand each other, and speak
// as the older of the two does.
inline constexpr std::uint16_t protocol_version = 0x0100;

constexpr bool speaks_with_us(std::uint16_t protocol) { return protocol >> 8 == protocol_version >> 8; }

class Remedy {
  public:
    // The host speaks our version of the protocol, the caller that one.
    static Remedy protocol(std::uint16_t theirs) {
        Remedy remedy;
        remedy.say("the host speaks protocol ");
        remedy.say_version(protocol_version);
        remedy.say(", this program ");
        remedy.say_version(theirs);
        return remedy.advise(theirs < protocol_version);
    }
    // The host plays this version of the game, the caller that one.
    static Remedy game(std::uint32_t ours, std::uint32_t theirs) {
        Remedy remedy;
        remedy.say("the host plays version ");
        remedy.say_number(ours);
        remedy.say(", this program ");
        remedy.say_number(theirs);
        return remedy.advise(theirs < ours);
    }
    // The host's messages are written by that codec, the caller's by another.
    static Remedy codec(std::string_view ours) {
        Remedy remedy;
        remedy.say("the host's codec is ");
        remedy.say(ours.empty() ? "another" : ours);
        if (!ours.empty()) remedy.say(", this program's is another");
        return remedy;
    }
    // The two don't do the same: the first of these features that one of them has alone. Both need the same
    // profile then.
    static Remedy features(std::uint32_t ours, std::uint32_t theirs) {
        struct Feature {
            std::uint32_t bit;
            std::string_view name;
        };
        constexpr Feature known[] = {{4, "reliable delivery"},         {1, "reliability::AckRetry"},
                                     {2, "reliability::Redundant"},    {16, "topology::Mesh"},
                                     {8, "topology::AuthorityHosted"}, {32, "a topology with a bus"}};
        Remedy remedy;
        for (const Feature& feature : known) {
            if (((ours ^ theirs) & feature.bit) == 0) continue;
            const bool is_ours = (ours & feature.bit) != 0;
            remedy.say(is_ours ? "the host has " : "this program has ");
            remedy.say(feature.name);
            remedy.say(is_ours ? ", this program has not" : ", the host has not");
            return remedy;
        }
        remedy.say("the host has another profile");
        return remedy;
    }

    // One of the two has datagrams beside its connection's stream, and so says there what the other looks for
    // in the stream.
    static Remedy road(bool ours_carries_datagrams) {
        Remedy remedy;
        remedy.say(ours_carries_datagrams ? "the host's" : "your");
        remedy.say(" road carries datagrams beside its stream, ");
        remedy.say(ours_carries_datagrams ? "yours does not" : "the host's does not");
        return remedy;
    }

    std::string_view text() const { return {text_, size_}; }

  private:
    Remedy& advise(bool caller_is_older) {
        say(caller_is_older ? ": update it" : ": the host needs an update");
        return *this;
    }
    void say(std::string_view words) {
        for (const char letter : words)
            if (size_ < sizeof text_) text_[size_++] = letter;
    }
    void say_number(std::uint32_t number) {
        char digits[10];
        std::size_t first = sizeof digits;
        do digits[--first] = static_cast<char>('0' + number % 10);
        while ((number /= 10) != 0);
        say({digits + first, sizeof digits - first});
    }
    void say_version(std::uint16_t version) {
        say_number(version >> 8);
        say(".");
        say_number(version & 0xFF);
    }

    char text_[80];
    std::size_t size_ = 0;
};

} // namespace tenon
