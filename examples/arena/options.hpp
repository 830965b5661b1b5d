#pragma once
// What the command line asks for.

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <tenon.hpp>

namespace arena {

inline constexpr const char* help =
    "arena: a small ship game over real sockets. Without options: a server, three bots and your ship in one "
    "program.\n"
    "  --listen [PORT]   only serve, on this port (4000), with bots if they are asked for\n"
    "  --join HOST:PORT  only fly, on a server elsewhere, with bots if they are asked for\n"
    "  --bots N          how many bots come along\n"
    "  --seconds N       end by itself after that long\n"
    "  --impair LIST     a bad line for the clients of this program, or for a server alone, each way:\n"
    "                    loss=5,delay=50,jitter=10,duplicate=1,bandwidth=50000 (percent, ms, bytes a "
    "second)\n"
    "  --name NAME       what the others call you\n"
    "  --key FILE        the server's key is kept there, and made the first time; else it has one for this "
    "run\n"
    "  --trust KEY       only join the server that has this key, as it says itself: ed25519:...\n"
    "  --help            this\n"
    "Keys: arrows or w a d steer, space fires, q quits. Without a terminal your ship flies by itself and a "
    "line a\n"
    "second tells how it goes; the exit code is 0 when ships moved and hits were heard.\n";

struct CommandLine {
    bool listens = false, helps = false;
    std::uint16_t port = 0;
    unsigned bots = 3, seconds = 0; // 0 seconds: until q
    std::string join, name = "you", key_file, trusted, wrong;
    tenon::transport::Impairment impairment;

    bool serves() const { return join.empty(); }
    bool flies() const { return !listens; }
};

template <class Number>
bool read_number(std::string_view text, Number& value, Number most) {
    Number read = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
    if (error != std::errc() || end != text.data() + text.size() || read > most) return false;
    value = read;
    return true;
}

inline CommandLine read_command_line(int argc, char** argv) {
    CommandLine line;
    bool bots_named = false;
    for (int i = 1; i < argc; ++i) {
        const std::string option = argv[i];
        const std::string value = i + 1 < argc ? argv[i + 1] : "";
        bool fine = true;
        if (option == "--help" || option == "-h") {
            line.helps = true;
        } else if (option == "--listen") {
            line.listens = true;
            line.port = 4000;
            if (!value.empty() && value[0] != '-')
                fine = read_number<std::uint16_t>(value, line.port, 65535), ++i;
        } else if (option == "--join") {
            line.join = value, fine = !value.empty(), ++i;
        } else if (option == "--name") {
            line.name = value, fine = !value.empty(), ++i;
        } else if (option == "--key") {
            line.key_file = value, fine = !value.empty(), ++i;
        } else if (option == "--trust") {
            line.trusted = value, fine = !value.empty(), ++i;
        } else if (option == "--bots") {
            bots_named = fine = read_number(value, line.bots, 60u), ++i;
        } else if (option == "--seconds") {
            fine = read_number(value, line.seconds, 1'000'000u), ++i;
        } else if (option == "--impair") {
            const auto impairment = tenon::transport::Impairment::parse(value);
            fine = static_cast<bool>(impairment) && !value.empty();
            if (fine) line.impairment = *impairment;
            ++i;
        } else {
            fine = false;
        }
        if (!fine && line.wrong.empty())
            line.wrong = "can't read " + option + (value.empty() ? "" : " " + value);
    }
    if (line.listens && !line.join.empty()) line.wrong = "--listen and --join exclude each other";
    if (!line.key_file.empty() && !line.join.empty()) line.wrong = "--key is a server's, and --join joins one";
    if (!line.trusted.empty() && line.join.empty()) line.wrong = "--trust says whom to --join";
    if (!bots_named && (line.listens || !line.join.empty())) line.bots = 0;
    return line;
}

} // namespace arena
