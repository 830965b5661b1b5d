// The arena: a server that decides, bots that are clients like any other, and a player's view, each on a
// thread of its own with sockets of its own. `arena --help` tells the options.

#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "figures.hpp"
#include "game.hpp"
#include "line.hpp"
#include "options.hpp"
#include "view.hpp"

namespace {

using namespace arena;

volatile std::sig_atomic_t interrupted = 0;

int refuse(const char* what, tenon::Error error) {
    std::fprintf(stderr, "arena: can't %s: %s\n", what, tenon::sentence(error).data());
    return 1;
}

// The bots of one program share a thread.
class Bots {
  public:
    tenon::Result<> join(const CommandLine& line, const std::string& address) {
        for (unsigned i = 0; i < line.bots; ++i) {
            auto way = player_line(make_wire(line.impairment, 100 + i), address, line.trusted);
            if (!way) return way.error();
            bots_.push_back(std::make_unique<Player>("bot " + std::to_string(i + 1), std::move(*way)));
            if (const auto joined = bots_.back()->join(address); !joined) return joined;
        }
        return {};
    }
    void run(const std::atomic<bool>& stop) {
        while (!stop && !bots_.empty()) {
            for (auto& bot : bots_) bot->turn(tenon::now(), true);
            bots_.front()->net().wait(tenon::now() + tenon::milliseconds(4));
        }
        for (auto& bot : bots_) bot->close();
    }

  private:
    std::vector<std::unique_ptr<Player>> bots_;
};

// A server without a view tells once a second how it goes.
void serve_alone(Server& server, const CommandLine& line) {
    const tenon::Instant start = tenon::now();
    tenon::Instant next = start + tenon::seconds(1);
    Figures figures;
    std::printf("arena: listening on port %u; Ctrl-C ends it\n", server.port());
    std::printf("arena: players know this server by %s\n", name_of(server.net().transport()).c_str());
    std::fflush(stdout);
    while (!interrupted) {
        server.turn();
        const tenon::Instant now = tenon::now();
        if (line.seconds != 0 && now - start >= tenon::seconds(static_cast<std::int64_t>(line.seconds)))
            return;
        if (now < next) continue;
        figures.update(now, server.net());
        std::printf("%3.0f s: %zu ships, %llu shots, %llu hits | %s\n", (now - start).seconds(),
                    server.ships(), static_cast<unsigned long long>(server.shots()),
                    static_cast<unsigned long long>(server.hits()), figures.line().c_str());
        std::fflush(stdout);
        next += tenon::seconds(1);
    }
}

// Plays until the time is over or the player wants to go. True when the game really ran.
bool fly(Player& player, const CommandLine& line) {
    View view(player);
    const bool by_hand = view.has_terminal();
    const tenon::Instant start = tenon::now();
    while (!interrupted && !player.closed()) {
        const tenon::Instant now = tenon::now();
        if (line.seconds != 0 && now - start >= tenon::seconds(static_cast<std::int64_t>(line.seconds)))
            break;
        if (by_hand && !view.steer(now)) break;
        player.turn(now, !by_hand);
        view.show(now);
        player.net().wait(now + tenon::milliseconds(8));
    }
    const std::string scores = view.scores(tenon::now());
    view.leave_screen();
    if (player.closed()) std::printf("the server is gone: %s\n", player.reason_text().c_str());
    std::printf("summary: own ship flew %.0f units; heard %llu shots and %llu hits; score: %s\n",
                player.seen_flown(), static_cast<unsigned long long>(player.shots_seen()),
                static_cast<unsigned long long>(player.hits_heard()), scores.c_str());
    // A person may leave before anything happens, or never move.
    if (by_hand) return !player.closed();
    return !player.closed() && player.seen_flown() > 1 && player.hits_heard() > 0;
}

int play(const CommandLine& line) {
    std::optional<Server> server;
    std::string address = line.join;
    const bool alone = !line.flies() && line.bots == 0;
    if (line.serves()) {
        auto way = server_line(make_wire(alone ? line.impairment : tenon::transport::Impairment{}, 1),
                               line.key_file);
        if (!way) return refuse("have a key", way.error());
        server.emplace(std::move(*way));
        if (const auto opened = server->open(line.port); !opened) return refuse("listen", opened.error());
        address = "127.0.0.1:" + std::to_string(server->port());
    }
    Bots bots;
    if (const auto joined = bots.join(line, address); !joined) return refuse("join", joined.error());
    std::optional<Player> player;
    if (line.flies()) {
        auto way = player_line(make_wire(line.impairment, 2), address, line.trusted);
        if (!way) return refuse("read the key", way.error());
        player.emplace(line.name, std::move(*way));
        if (const auto joined = player->join(address); !joined) return refuse("join", joined.error());
    }

    std::atomic<bool> bots_stop{false}, server_stop{false};
    std::thread bots_thread([&] { bots.run(bots_stop); });
    std::thread server_thread;
    bool ran = false;
    if (player) {
        if (server)
            server_thread = std::thread([&] {
                while (!server_stop) server->turn();
            });
        ran = fly(*player, line);
        player->close();
    } else {
        serve_alone(*server, line);
    }
    bots_stop = true;
    bots_thread.join();
    server_stop = true;
    if (server_thread.joinable()) server_thread.join();
    if (server) {
        server->close();
        std::printf("server:  ships flew %.0f units; %llu inputs heard, %llu shots, %llu hits\n",
                    server->flown(), static_cast<unsigned long long>(server->commands()),
                    static_cast<unsigned long long>(server->shots()),
                    static_cast<unsigned long long>(server->hits()));
        if (!player) ran = server->flown() > 1 && server->hits() > 0;
    }
    return ran ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    const CommandLine line = read_command_line(argc, argv);
    if (!line.wrong.empty() || line.helps) {
        if (!line.wrong.empty()) std::fprintf(stderr, "arena: %s\n", line.wrong.c_str());
        std::fputs(help, line.wrong.empty() ? stdout : stderr);
        return line.wrong.empty() ? 0 : 2;
    }
    if (!encrypts && (!line.key_file.empty() || !line.trusted.empty())) {
        std::fputs("arena: without libsodium there are no keys, and all is in plaintext\n", stderr);
        return 2;
    }
    std::signal(SIGINT, [](int) { interrupted = 1; });
    return play(line);
}
