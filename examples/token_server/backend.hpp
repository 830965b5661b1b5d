#pragma once
// The backend: it knows the players and their passwords, and issues tokens for the game's server.

#include <span>
#include <vector>

#include "common.hpp"

class Backend {
  public:
    Backend(const secure::Identity& identity, std::string_view server, const secure::SignPublic& server_key,
            LoginNet& net)
        : identity_(identity), net_(net), server_{server, server_key} {}

    void on(tenon::PeerId from, const LogIn& asked) {
        Ticket ticket;
        const auto key =
            net_.identity(from); // the token is for this player's key, and so of no use to a thief
        if (const Player* player = find(asked); player != nullptr && key) ticket.token = issue(*player, *key);
        std::printf("%s %s\n", asked.name.c_str(), ticket.token.empty() ? "was refused" : "has a token");
        (void)net_.send(from, ticket);
    }
    void on(tenon::PeerId, const Ticket&) {} // nobody's to say

  private:
    struct Player {
        std::string_view name, password, team; // where it is no example, a hash of the password
    };
    static constexpr Player players[] = {{"ann", "red fox", "foxes"}, {"ben", "blue owl", "owls"}};

    static const Player* find(const LogIn& asked) {
        for (const Player& player : players)
            if (player.name == asked.name && player.password == asked.password) return &player;
        return nullptr;
    }
    std::vector<std::uint8_t> issue(const Player& player, const secure::SignPublic& key) const {
        const secure::UnixTime now = unix_now();
        secure::TokenTerms terms;
        terms.validity = {now, {now.seconds + 30}};
        terms.servers = {&server_, 1};
        terms.client = key;
        terms.subject = player.name;
        terms.user_data = tenon::bytes_of(player.team);
        std::vector<std::uint8_t> token(secure::token_bytes_max);
        const auto size = secure::issue_token(std::as_writable_bytes(std::span(token)), identity_, terms);
        token.resize(size ? *size : 0);
        return token;
    }

    const secure::Identity& identity_;
    LoginNet& net_;
    secure::TokenServer server_;
};
