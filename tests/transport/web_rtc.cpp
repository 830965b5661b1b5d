#include "tenon/transport/web_rtc.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "certificates.hpp"
#include "connected_thread.hpp"
#include "tenon.hpp"
#include "tenon/transport/dtls.hpp"
#include "tenon/transport/polling.hpp"
#include "tenon/transport/rtc_connection.hpp"
#include "tenon/transport/tls_web_rtc.hpp"
#include "tenon/transport/usrsctp.hpp"
#include "tenon/transport/web_rtc_door.hpp"
#include "tenon/transport/web_rtc_over.hpp"
#include "tenon/transport/web_rtc_turn.hpp"

using namespace tenon;
using namespace connected;
using transport::Udp;
using transport::WebRtc;
using transport::WebRtcOptions;
using transport::WebSocket;
using namespace transport::detail;

namespace {

struct Harness {
    using Transport = WebRtc;
    static constexpr Error nobody = Error::refused;
    static constexpr std::uint64_t calls_most = 400;
    WebRtc server(const ConnectionOptions& options) { return WebRtc(options); }
    WebRtc client(const ConnectionOptions& options) { return WebRtc(options); }
    std::string to(const IpAddress& at) { return "rtc://127.0.0.1:" + std::to_string(at.port); }
};

// Two who also hear what comes on the lane without promises.
struct Listening {
    WebRtc transport;
    std::vector<std::string> reliable, unreliable;
    ConnectionAddress last;
    std::vector<Error> losses;

    explicit Listening(ConnectionOptions options = on_loopback(), WebRtcOptions rtc = {})
        : transport(options, std::move(rtc)) {}
    struct Ear {
        Listening& all;
        void operator()(const ConnectionAddress& from, Lane lane, BytesIn bytes) {
            all.last = from;
            (lane == WebRtc::reliable ? all.reliable : all.unreliable).emplace_back(text_of(bytes));
        }
        void lost(const ConnectionAddress&) { all.losses.push_back(all.transport.loss()); }
    };
    void turn(Duration patience = {}) {
        if (patience != Duration{}) transport.wait(now() + patience);
        transport.flush();
        transport.poll(Ear{*this});
        transport.flush();
    }
};

// Somebody who goes through the steps by hand, and may do each of them wrongly.
struct Guest {
    WebSocket signalling{on_loopback(), {.path = "/rtc"}};
    Udp udp{{.bind = IpAddress::loopback(0)}}, elsewhere{{.bind = IpAddress::loopback(0)}};
    Dtls::Context dtls;
    SctpAssociation::Bell bell;
    RtcConnection peer;
    ConnectionAddress to;
    std::string answer; // to the offer
    Sdp theirs;
    std::vector<std::string> checks; // that were answered, and questions of the host
    bool turned_away = false, sctp_up = false, ended = false, ice_only = false;
    std::vector<std::byte> room = std::vector<std::byte>(70'000);
    std::size_t bytes_in = 0, bytes_out = 0;
    bool answers_checks = true;

    explicit Guest(std::uint16_t port) {
        REQUIRE(signalling.open_to_dial());
        REQUIRE(udp.open(0));
        REQUIRE(elsewhere.open(0));
        REQUIRE(dtls.open());
        to = *signalling.resolve("127.0.0.1:" + std::to_string(port));
        peer.dialled = true;
        peer.introduce();
        peer.peer = IpAddress::loopback(port);
    }
    std::string offer() {
        Sdp sdp;
        sdp.mid = "0";
        sdp.user = peer.user;
        sdp.password = peer.password;
        sdp.print = dtls.print();
        sdp.setup = Sdp::Setup::actpass;
        sdp.port = SctpAssociation::port;
        return sdp.write(1);
    }
    void say(const std::string& text) { REQUIRE(signalling.send(to, {}, bytes_of(text)) == Sent::sent); }
    void learn() {
        theirs = *Sdp::read(answer);
        peer.agree(theirs);
    }
    void check(Udp& from, std::string_view password) {
        peer.ask();
        StunWriter question = peer.question();
        const BytesIn bytes = question.finish(password);
        bytes_out += bytes.size();
        REQUIRE(from.send(peer.peer, {}, bytes) == Sent::sent);
        from.flush();
    }
    void begin() { REQUIRE(peer.dtls.start(dtls, true, peer.print)); }
    void turn(Duration = {}) {
        signalling.flush();
        struct Ear {
            Guest& guest;
            void operator()(const ConnectionAddress&, Lane, BytesIn text) { guest.answer = text_of(text); }
            void lost(const ConnectionAddress&) { guest.turned_away = true; }
        };
        signalling.poll(Ear{*this});
        for (Udp* road : {&udp, &elsewhere})
            road->poll([&](const IpAddress& from, Lane, BytesIn bytes) { heed(*road, from, bytes); });
        SctpAssociation::tick(now());
        for (;;) {
            const auto read = peer.sctp.read(room);
            if (read.what == SctpAssociation::What::nothing) break;
            if (read.what == SctpAssociation::What::up) sctp_up = true;
            if (read.what == SctpAssociation::What::broken || read.what == SctpAssociation::What::ended) {
                ended = true;
                break;
            }
        }
        peer.dtls.handle_timeout();
        drain();
    }
    void drain() {
        peer.sctp.drain([&](BytesIn packet) { (void)peer.dtls.write(packet); });
        peer.dtls.drain([&](BytesIn bytes) { (void)udp.send(peer.peer, {}, bytes); });
        udp.flush();
    }
    void heed(Udp& road, const IpAddress& from, BytesIn bytes) {
        bytes_in += bytes.size();
        if (looks_like_stun(bytes)) {
            StunMessage message;
            REQUIRE(message.read(bytes));
            if (message.kind == StunMessage::Kind::success) {
                CHECK(message.id == peer.check);
                CHECK(message.is_vouched(peer.their_password));
                CHECK(message.mapped == road.local_address());
                checks.push_back("answered");
            } else {
                CHECK(message.is_vouched(peer.password));
                checks.push_back("asked");
                if (!answers_checks) return;
                StunWriter writer(StunMessage::Kind::success, message.id);
                (void)road.send(from, {}, writer.mapped(from).finish(peer.password));
                road.flush();
            }
            return;
        }
        const bool was_up = peer.dtls.is_up();
        peer.dtls.heed(bytes, room, [&](BytesIn packet) { peer.sctp.heed(packet); });
        if (!was_up && peer.dtls.is_up()) REQUIRE(peer.sctp.connect(bell, peer.their_port));
        drain();
    }
    void write(std::uint16_t stream, DataKind kind, BytesIn bytes, bool reliable = true) {
        REQUIRE(peer.sctp.write(stream, kind, bytes, reliable) == SctpAssociation::Wrote::written);
        drain();
    }
    void open_channel(std::uint16_t stream, bool reliable) {
        DcepOpen open;
        open.ordered = reliable;
        open.limit = reliable ? DcepOpen::Limit::none : DcepOpen::Limit::resends;
        std::array<std::byte, DcepOpen::bytes_max> bytes{};
        write(stream, DataKind::dcep, open.write(bytes));
    }
    // All the steps, done well, up to the streams.
    template <class Host>
    void arrive(Host& host) {
        say(offer());
        REQUIRE(until([&] { return !answer.empty(); }, host, *this));
        learn();
        check(udp, peer.their_password);
        REQUIRE(until([&] { return !checks.empty(); }, host, *this));
        begin();
        REQUIRE(until([&] { return sctp_up; }, host, *this));
    }
};

std::uint16_t open_host(Listening& host) {
    const auto at = host.transport.open(0);
    REQUIRE(at);
    return at->port;
}

} // namespace

TEST_CASE("WebRtc keeps the contract of connected transports") { connected::anywhere(Harness{}); }
TEST_CASE("and so does WebRtc on a thread of its own") { connected::anywhere(OnItsThread<Harness>{}); }

TEST_CASE("hundreds of connections come and go over WebRtc") {
    Harness harness;
    connected::coming_and_going(harness, connected::rounds(6, 30), 10);
}

TEST_CASE("what promises nothing goes beside what does, and is bounded") {
    Listening host, guest;
    const auto port = open_host(host);
    REQUIRE(guest.transport.open_to_dial());
    const auto to = guest.transport.resolve("rtc://127.0.0.1:" + std::to_string(port));
    REQUIRE(to);
    WebRtc& from = guest.transport;
    CHECK(!from.has_unreliable(*to));
    CHECK(from.send(*to, WebRtc::unreliable, bytes_of("dials, and is not kept")) == Sent::would_block);
    CHECK(from.send(*to, Lane{2}, bytes_of("no such lane")) == Sent::closed);
    CHECK(from.send(*to, WebRtc::reliable, bytes_of("first")) == Sent::sent);
    REQUIRE(until([&] { return from.has_unreliable(*to) && !host.reliable.empty(); }, guest, host));
    CHECK(host.transport.has_unreliable(host.last));
    const std::string most(WebRtc::unreliable_bytes, 'u'), more(WebRtc::unreliable_bytes + 1, 'u');
    CHECK(from.send(*to, WebRtc::unreliable, bytes_of(more)) == Sent::too_big);
    CHECK(from.send(*to, WebRtc::unreliable, {}) == Sent::too_big);
    CHECK(from.prepare(*to, WebRtc::unreliable, more.size()).empty());
    // As many as leave at once are taken, and then no more.
    Sent last = Sent::sent;
    std::size_t taken = 0;
    while (taken < 10'000 && (last = from.send(*to, WebRtc::unreliable, bytes_of(most))) == Sent::sent)
        ++taken;
    CHECK(last == Sent::would_block);
    CHECK(taken >= 3);
    CHECK(taken < 100); // a window's worth
    CHECK(from.prepare(*to, WebRtc::unreliable, 10).empty());
    // The other lane takes what waits.
    CHECK(from.send(*to, WebRtc::reliable, bytes_of("second")) == Sent::sent);
    REQUIRE(until([&] { return host.reliable.size() == 2; }, guest, host));
    REQUIRE(until([&] { return !host.unreliable.empty(); }, guest, host));
    CHECK((host.unreliable[0] == most));
    CHECK(host.transport.counters().unreliable_in == host.unreliable.size());
    // And back, by the lent buffer.
    const BytesOut room = host.transport.prepare(host.last, WebRtc::unreliable, 100);
    REQUIRE(room.size() == 100);
    copy(room.data(), bytes_of("swift"));
    CHECK(host.transport.commit(5) == Sent::sent);
    REQUIRE(until([&] { return !guest.unreliable.empty(); }, guest, host));
    CHECK(guest.unreliable[0] == "swift");
    CHECK(guest.transport.counters().unreliable_in == 1);
    CHECK(guest.transport.counters().frames_in == 0);
}

TEST_CASE("a host introduces itself to those who offer well, and to nobody else") {
    Listening host;
    const auto port = open_host(host);
    Guest good(port);
    const std::string offer = good.offer();
    good.say(offer);
    REQUIRE(until([&] { return !good.answer.empty() && good.turned_away; }, host, good)); // and it hangs up
    good.learn();
    CHECK(good.theirs.lite);
    CHECK(good.theirs.setup == Sdp::Setup::passive);
    CHECK(good.theirs.mid == "0");
    REQUIRE(good.theirs.candidate_count == 1);
    CHECK(good.theirs.candidates[0] == IpAddress::loopback(port));
    std::string passive = offer;
    passive.replace(passive.find("actpass"), 7, "passive");
    for (const std::string& bad :
         {std::string("hello"), offer + offer, offer.substr(0, 200), passive, std::string(20'000, 'a')}) {
        Guest guest(port);
        guest.say(bad);
        REQUIRE(until([&] { return guest.turned_away; }, host, guest));
        CHECK(guest.answer.empty());
    }
    CHECK(host.transport.counters().malformed == 5);
    CHECK(host.transport.connections() == 1);
    // Where a host is reached from elsewhere, it says so.
    Listening behind(on_loopback(),
                     {.reached_at = {IpAddress::v4(203, 0, 113, 7, 0), IpAddress::v4(203, 0, 113, 8, 3478)}});
    const auto own = open_host(behind);
    Guest other(own);
    other.say(other.offer());
    REQUIRE(until([&] { return !other.answer.empty(); }, behind, other));
    other.learn();
    REQUIRE(other.theirs.candidate_count == 2);
    CHECK(other.theirs.candidates[0] == IpAddress::v4(203, 0, 113, 7, own));
    CHECK(other.theirs.candidates[1] == IpAddress::v4(203, 0, 113, 8, 3478));
}

TEST_CASE("who is introduced and does not come is forgotten in time") {
    ConnectionOptions hasty = on_loopback();
    hasty.silence_max = milliseconds(100);
    Listening host(hasty);
    Guest silent(open_host(host));
    silent.say(silent.offer());
    REQUIRE(until([&] { return host.transport.connections() == 1; }, host, silent));
    REQUIRE(until([&] { return host.transport.connections() == 0; }, host, silent));
    CHECK(host.transport.counters().timed_out == 1);
    CHECK(host.losses.empty()); // nobody had heard of it
}

TEST_CASE("strangers get no answer, and nobody gets more than was asked") {
    Listening host;
    const auto port = open_host(host);
    Guest guest(port);
    guest.say(guest.offer());
    REQUIRE(until([&] { return !guest.answer.empty(); }, host, guest));
    guest.learn();
    const auto strange = [&] { return host.transport.counters().strange; };
    // Records and noise before any check; checks with a wrong password or a wrong name.
    guest.begin();
    guest.drain();
    CHECK(guest.udp.send(guest.peer.peer, {}, bytes_of("noise")) == Sent::sent);
    CHECK(guest.udp.send(guest.peer.peer, {}, bytes_of(std::string(20, '\0'))) == Sent::sent);
    CHECK(guest.udp.send(guest.peer.peer, {}, {}) == Sent::sent);
    guest.udp.flush();
    guest.check(guest.udp, "not the password");
    const std::string name = guest.peer.user;
    guest.peer.user = "another";
    guest.check(guest.udp, guest.theirs.password);
    guest.peer.user = name;
    REQUIRE(until([&] { return strange() >= 6; }, host, guest));
    CHECK(guest.checks.empty());
    CHECK(guest.bytes_in == 0);
    // The right one is answered, with no more than it said.
    guest.bytes_out = 0;
    guest.check(guest.udp, guest.theirs.password);
    REQUIRE(until([&] { return guest.checks.size() == 1; }, host, guest));
    CHECK(guest.bytes_in <= guest.bytes_out);
    CHECK(host.transport.counters().checks_in == 1);
    // Many who know nothing change nothing.
    Random random(11);
    for (int i = 0; i < 500; ++i) {
        std::string noise(1 + random.next() % 300, '\0');
        for (char& c : noise) c = static_cast<char>(random.next());
        if (i % 2 == 0) noise[0] = static_cast<char>(20 + random.next() % 44);
        CHECK(guest.elsewhere.send(guest.peer.peer, {}, bytes_of(noise)) == Sent::sent);
    }
    guest.elsewhere.flush();
    REQUIRE(until([&] { return strange() >= 506; }, host, guest));
    CHECK(guest.checks.size() == 1);
    CHECK(host.transport.connections() == 1);
}

TEST_CASE("a certificate that is another than was said is refused, on both sides") {
    Listening host;
    const auto port = open_host(host);
    Guest liar(port);
    std::string offer = liar.offer();
    const std::size_t at = offer.find("sha-256 ") + 8;
    offer[at] = offer[at] == '0' ? '1' : '0';
    liar.say(offer);
    REQUIRE(until([&] { return !liar.answer.empty(); }, host, liar));
    liar.learn();
    liar.check(liar.udp, liar.theirs.password);
    REQUIRE(until([&] { return !liar.checks.empty(); }, host, liar));
    liar.begin();
    REQUIRE(until([&] { return host.transport.connections() == 0; }, host, liar));
    CHECK(!liar.sctp_up);
    CHECK(host.transport.counters().lost == 1);
    // Who dials looks as well: between it and the host stands one who changes what the host shows.
    Guest guest(port);
    guest.say(guest.offer());
    REQUIRE(until([&] { return !guest.answer.empty(); }, host, guest));
    guest.learn();
    guest.peer.print[5] ^= 1;
    guest.check(guest.udp, guest.theirs.password);
    REQUIRE(until([&] { return !guest.checks.empty(); }, host, guest));
    guest.begin();
    REQUIRE(until([&] { return guest.peer.dtls.state() == Dtls::State::stranger; }, host, guest));
    CHECK(!guest.sctp_up);
}

TEST_CASE("channels are of two kinds, and what they carry is bounded") {
    const std::string large(frame_max, 'L');
    const auto arrive = [](Listening& host, auto&& then) {
        Guest guest(open_host(host));
        guest.arrive(host);
        guest.open_channel(0, true);
        guest.write(0, DataKind::bytes, bytes_of("hello"));
        REQUIRE(until([&] { return host.reliable.size() == 1; }, host, guest));
        then(guest);
        REQUIRE(until([&] { return host.transport.connections() == 0 && guest.ended; }, host, guest));
        CHECK(host.losses == std::vector<Error>{Error::malformed});
        CHECK(host.transport.counters().malformed == 1);
    };
    SUBCASE("well") {
        Listening host;
        Guest guest(open_host(host));
        guest.arrive(host);
        guest.open_channel(6, true);
        guest.open_channel(3, false);
        guest.write(6, DataKind::bytes, bytes_of(large)); // which comes in pieces
        guest.write(3, DataKind::bytes, bytes_of("quick"), false);
        guest.write(6, DataKind::bytes, bytes_of("after"));
        REQUIRE(until([&] { return host.reliable.size() == 2 && !host.unreliable.empty(); }, host, guest));
        CHECK((host.reliable[0] == large));
        CHECK(host.reliable[1] == "after");
        CHECK(host.unreliable[0] == "quick");
        // Who closes the channel that all hangs on is gone.
        guest.peer.sctp.close();
        guest.drain();
        REQUIRE(until([&] { return host.losses.size() == 1; }, host, guest));
        CHECK(host.losses[0] == Error::closed);
    }
    SUBCASE("too large") {
        Listening host;
        arrive(host, [&](Guest& guest) { guest.write(0, DataKind::bytes, bytes_of(large + "!")); });
    }
    SUBCASE("text") {
        Listening host;
        arrive(host, [&](Guest& guest) { guest.write(0, DataKind::text, bytes_of("words")); });
    }
    SUBCASE("empty") {
        Listening host;
        arrive(host, [&](Guest& guest) { guest.write(0, DataKind::empty_bytes, bytes_of("\1")); });
    }
    SUBCASE("no channel") {
        Listening host;
        arrive(host, [&](Guest& guest) { guest.write(9, DataKind::bytes, bytes_of("who?")); });
    }
    SUBCASE("a second of a kind") {
        Listening host;
        arrive(host, [&](Guest& guest) { guest.open_channel(2, true); });
    }
    SUBCASE("of another kind") {
        Listening host;
        arrive(host, [&](Guest& guest) {
            DcepOpen open;
            open.ordered = false;
            std::array<std::byte, DcepOpen::bytes_max> bytes{};
            guest.write(2, DataKind::dcep, open.write(bytes));
        });
    }
    SUBCASE("agreed to without being asked") {
        Listening host;
        const std::byte yes[1] = {std::byte{dcep_ack}};
        arrive(host, [&](Guest& guest) { guest.write(2, DataKind::dcep, yes); });
    }
    SUBCASE("no word") {
        Listening host;
        arrive(host,
               [&](Guest& guest) { guest.write(2, DataKind::dcep, bytes_of(std::string(5000, '\3'))); });
    }
}

TEST_CASE("a peer goes on from another address, once it has shown that it is there") {
    Listening host;
    Guest guest(open_host(host));
    guest.arrive(host);
    guest.open_channel(0, true);
    guest.write(0, DataKind::bytes, bytes_of("from here"));
    REQUIRE(until([&] { return host.reliable.size() == 1; }, host, guest));
    // One that does not answer the host's own question gets nothing else.
    guest.answers_checks = false;
    guest.checks.clear();
    guest.check(guest.elsewhere, guest.theirs.password);
    REQUIRE(until([&] { return guest.checks.size() == 2; }, host, guest)); // answered, and asked
    CHECK(host.transport.counters().moved == 0);
    guest.answers_checks = true;
    REQUIRE(until(
        [&] {
            guest.check(guest.elsewhere, guest.theirs.password);
            return host.transport.counters().moved == 1;
        },
        host, guest));
    std::swap(guest.udp, guest.elsewhere);
    guest.write(0, DataKind::bytes, bytes_of("and from there"));
    REQUIRE(until([&] { return host.reliable.size() == 2; }, host, guest));
    CHECK(host.transport.send(host.last, {}, bytes_of("I see")) == Sent::sent);
    CHECK(host.losses.empty());
}

TEST_CASE("who gives no sign of life is lost, on both sides") {
    WebRtcOptions hasty;
    hasty.unheard_max = milliseconds(300);
    Listening host(on_loopback(), hasty), guest(on_loopback(), hasty);
    const auto port = open_host(host);
    REQUIRE(guest.transport.open_to_dial());
    const auto to = guest.transport.resolve("rtc://127.0.0.1:" + std::to_string(port));
    REQUIRE(to);
    SUBCASE("the guest goes quiet") {
        REQUIRE(guest.transport.send(*to, {}, bytes_of("hello")) == Sent::sent);
        REQUIRE(until([&] { return host.reliable.size() == 1; }, host, guest));
        REQUIRE(until([&] { return !host.losses.empty(); }, host));
        CHECK(host.losses[0] == Error::timed_out);
    }
    SUBCASE("the host goes quiet") {
        REQUIRE(guest.transport.send(*to, {}, bytes_of("hello")) == Sent::sent);
        REQUIRE(until([&] { return host.reliable.size() == 1; }, host, guest));
        REQUIRE(until([&] { return !guest.losses.empty(); }, guest));
        CHECK(guest.losses[0] == Error::timed_out);
    }
}

TEST_CASE("transports on several threads share usrsctp, and nothing else") {
    const auto talk = [](bool& done) {
        Listening host, guest;
        const auto at = host.transport.open(0);
        if (!at || !guest.transport.open_to_dial()) return;
        const auto to = guest.transport.resolve("127.0.0.1:" + std::to_string(at->port));
        for (int i = 0; i < 40; ++i) (void)guest.transport.send(*to, {}, bytes_of(pattern(5000, 7)));
        done = until([&] { return host.reliable.size() == 40; }, host, guest);
    };
    bool done[3] = {};
    std::vector<std::thread> threads;
    for (bool& one : done) threads.emplace_back([&talk, &one] { talk(one); });
    for (std::thread& thread : threads) thread.join();
    for (const bool one : done) CHECK(one);
}

TEST_CASE("addresses of WebRtc name its own scheme") {
    WebRtc transport(on_loopback());
    CHECK(transport.resolve("rtc://127.0.0.1:4000"));
    CHECK(transport.resolve("RTC://127.0.0.1:4000/rtc"));
    CHECK(transport.resolve("127.0.0.1:4000"));
    CHECK(transport.resolve("rtcs://127.0.0.1:4000").error() == Error::encryption_mismatch);
    CHECK(transport.resolve("ws://127.0.0.1:4000").error() == Error::bad_address);
    CHECK(transport.resolve("rtc://").error() == Error::bad_address);
    CHECK(!WebRtc::traits.encrypted); // as little as what introduces the two
}

TEST_CASE("what is introduced under TLS is encrypted against those who stand between, too") {
    using transport::TlsWebRtc;
    CHECK(TlsWebRtc::traits.encrypted);
    certificates::Set& set = certificates::Set::get();
    TlsWebRtc host(on_loopback(), {}, {.certificate = set.good.certificate, .key = set.good.key});
    TlsWebRtc guest(on_loopback(), {}, {.authorities = set.authority.file()});
    TlsWebRtc doubter(on_loopback(), {}, {.fingerprint = std::string(64, '0')});
    const auto at = host.open(0);
    REQUIRE(at);
    std::string heard;
    std::vector<Error> losses;
    struct Ear {
        std::string& heard;
        TlsWebRtc& transport;
        std::vector<Error>& losses;
        void operator()(const ConnectionAddress&, Lane, BytesIn bytes) { heard += text_of(bytes); }
        void lost(const ConnectionAddress&) { losses.push_back(transport.loss()); }
    };
    for (TlsWebRtc* caller : {&guest, &doubter}) {
        REQUIRE(caller->open_to_dial());
        const auto to = caller->resolve("rtcs://localhost:" + std::to_string(at->port));
        REQUIRE(to);
        REQUIRE(caller->send(*to, {}, bytes_of(caller == &guest ? "trusts" : "doubts")) == Sent::sent);
    }
    const Instant end = now() + seconds(8);
    while ((heard.empty() || losses.empty()) && now() < end)
        for (TlsWebRtc* one : {&host, &guest, &doubter}) {
            one->wait(now() + microseconds(300));
            one->poll(Ear{heard, *one, losses});
        }
    CHECK(heard == "trusts");
    CHECK(losses == std::vector<Error>{Error::key_changed});
}

namespace {

struct Word {
    std::string text;
    void serialize(auto& ar) { ar(bounded(text, 40'000)); }
};
using Talk = Game<"talk", 1, Event<Word, Ordered>>;
using Net = profile::TurnBased<Talk, WebRtc>;

struct Player {
    std::string heard;
    void on(PeerId, const Word& word) { heard += word.text; }
};

} // namespace

TEST_CASE("a session runs over WebRtc as over any connection") {
    Net host({.room = "lobby"}, WebRtc(on_loopback())), guest({.room = "lobby"}, WebRtc(on_loopback()));
    Player at_host, at_guest;
    REQUIRE(host.host(0));
    REQUIRE(guest.join("rtc://127.0.0.1:" + std::to_string(host.port())));
    const std::string large(30'000, 'x');
    bool said = false;
    const Instant end = now() + seconds(8);
    while ((at_host.heard.size() < large.size() || at_guest.heard.empty()) && now() < end) {
        guest.wait(now() + microseconds(300));
        guest.tick(now(), at_guest);
        host.tick(now(), at_host);
        if (!said && guest.status() == Status::joined) {
            said = true;
            CHECK(guest.send(PeerId::host(), Word{large}));
            CHECK(host.broadcast(Word{"welcome"}));
        }
    }
    CHECK((at_host.heard == large));
    CHECK(at_guest.heard == "welcome");
}

static_assert(tenon::TransportPolicy<tenon::transport::TlsWebRtc> &&
              tenon::Connected<tenon::transport::TlsWebRtc>);

static_assert(tenon::TransportPolicy<tenon::transport::WebRtc> &&
              tenon::LendsBuffer<tenon::transport::WebRtc> && tenon::WakesUp<tenon::transport::WebRtc> &&
              tenon::Connected<tenon::transport::WebRtc>);
