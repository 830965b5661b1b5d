// A host whose packets are encrypted, as a consumer of tenon-secure writes it.
#include <tenon.hpp>
#include <tenon/secure/secure.hpp>

struct Word {
    int number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Net = tenon::profile::Action<tenon::Game<"words", 1, tenon::Event<Word>>,
                                   tenon::transport::Secure<tenon::transport::Udp>>;

int main() {
    Net net;
    return net.host(0) && net.transport().keyring().identity() ? 0 : 1;
}
