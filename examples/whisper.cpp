// Words that nobody else reads: a host with a key in a file, and guests who know that key.
//   whisper host PORT KEYFILE           port 0 takes a free one; the file is made where there is none
//   whisper join HOST:PORT KEY WORD     KEY as the host says it, or `any` to believe whoever answers
#include <cstdio>
#include <cstdlib>
#include <string>
#include <tenon.hpp>
#include <tenon/secure/key_file.hpp>

struct Word {
    std::string text;
    void serialize(auto& ar) { ar(tenon::bounded(text, std::size_t(200))); }
};

using Whisper = tenon::Game<"whisper", 1, tenon::Event<Word, tenon::Ordered>>;
using Net = tenon::profile::Action<Whisper>;

struct Person {
    Net& net;
    std::string word; // which a guest came to say
    bool done = false;

    void on(tenon::Joined) {
        if (!word.empty()) (void)net.broadcast(Word{word});
    }
    void on(tenon::PeerId from, const Word& said) {
        const auto key = net.identity(from);
        std::printf("%s says: %s\n", key ? tenon::secure::KeyText(*key).view().data() : "?",
                    said.text.c_str());
        if (word.empty()) (void)net.send(from, Word{"I heard " + said.text});
        done = true;
    }
    void on(tenon::Closed why) {
        std::printf("%s\n", tenon::sentence(why.reason).data());
        done = true;
    }
};

int fail(tenon::Error error) {
    std::printf("%s\n", tenon::sentence(error).data());
    return 1;
}

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const bool hosts = argc == 4 && argv[1] == std::string("host");
    if (!hosts && (argc != 5 || argv[1] != std::string("join")))
        return std::puts("usage: whisper host PORT KEYFILE | whisper join HOST:PORT KEY|any WORD"), 2;

    auto identity = hosts ? tenon::secure::load_or_make_identity(argv[3]) : tenon::secure::Identity::make();
    if (!identity) return fail(identity.error());
    tenon::secure::Keyring keyring(std::move(*identity));
    if (!hosts && argv[3] != std::string("any")) {
        const auto key = tenon::secure::read_key(argv[3]);
        if (!key) return fail(key.error());
        if (const auto pinned = keyring.trust.pin(argv[2], *key); !pinned) return fail(pinned.error());
    }

    Net net({.room = "whisper"}, tenon::profile::Default(keyring));
    const auto opened = hosts ? net.host(static_cast<std::uint16_t>(std::atoi(argv[2]))) : net.join(argv[2]);
    if (!opened) return fail(opened.error());
    if (hosts)
        std::printf("hosting port %u as %s\n", net.port(),
                    tenon::secure::KeyText(keyring.identity().key()).view().data());
    Person person{net, hosts ? "" : argv[4]};
    const tenon::Instant until = tenon::now() + tenon::seconds(10);
    while (!person.done && tenon::now() < until) {
        net.tick(tenon::now(), person);
        net.wait(tenon::now() + tenon::milliseconds(50));
    }
    const bool heard = person.done && net.status() != tenon::Status::closed;
    const tenon::Instant last = tenon::now() + tenon::milliseconds(300);
    while (hosts && tenon::now() < last)
        net.tick(tenon::now(), person), net.wait(last); // what it said has arrived
    net.leave();
    net.tick(tenon::now(), person);
    return heard ? 0 : 1;
}
