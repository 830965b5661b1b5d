#pragma once
// The game's server: it knows nobody, but believes what the backend says of who shows a token.
#include "common.hpp"

#include <map>

class Server {
  public:
    Server(const secure::Identity& identity, const secure::SignPublic& backend, MatchNet& net)
        : net_(net), book_(identity) {
        (void)book_.trust_issuer(backend);
    }

    tenon::Admission admit(const tenon::Caller& caller) {
        const auto grant = book_.admit(caller.credential, secure::exchange_of(caller.key), unix_now());
        if (!grant) {
            std::printf("%s was refused: %s\n", std::string(caller.address).c_str(),
                        tenon::sentence(grant.error()).data());
            return tenon::Admission::refuse(grant.error());
        }
        name_ = grant->subject.view();
        team_[caller.peer.value] = tenon::text_of(grant->user_data());
        tenon::Admission welcome;
        welcome.name = name_;
        return welcome;
    }
    void on(tenon::PeerJoined who) {
        std::printf("%s of the %s came in\n", std::string(who.name).c_str(), team_[who.peer.value].c_str());
    }
    void on(tenon::PeerLeft who) { team_.erase(who.peer.value); }
    void on(tenon::PeerId from, const Shout& shout) {
        (void)net_.broadcast(
            Shout{std::string(net_.name_of(from)) + " of the " + team_[from.value] + ": " + shout.text});
    }

  private:
    MatchNet& net_;
    secure::TokenBook book_;
    std::string name_;
    std::map<std::uint32_t, std::string> team_;
};
