#include "tenon/transport/http3.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tenon/transport/address.hpp"
#include "tenon/transport/connect_request.hpp"
#include "tenon/transport/http3_session.hpp"
#include "tenon/transport/nghttp3.hpp"
#include "tenon/transport/quic_options.hpp"

using namespace tenon;
using namespace tenon::transport::detail;
using transport::WebTransportOptions;

namespace {

std::string hex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes += static_cast<char>(transport::detail::hex_digit(digits[i]) << 4 |
                                   transport::detail::hex_digit(digits[i + 1]));
    return bytes;
}
std::string number(std::uint64_t value) {
    std::byte bytes[8];
    return std::string(text_of(BytesIn(bytes).first(QuicNumber::write(bytes, value))));
}
std::string frame(std::uint64_t type, const std::string& holds) {
    std::string text = number(type);
    text += number(holds.size());
    return text += holds;
}
std::string settings() {
    std::byte bytes[64];
    return std::string(text_of(BytesIn(bytes).first(Http3Settings::write(bytes))));
}

// A length behind a few bits, as QPACK has it.
std::string prefixed(unsigned first, std::size_t bits, std::size_t value) {
    const std::size_t most = (std::size_t(1) << bits) - 1;
    if (value < most) return std::string(1, static_cast<char>(first | value));
    std::string text(1, static_cast<char>(first | most));
    for (value -= most; value >= 128; value >>= 7) text += static_cast<char>((value & 127) | 128);
    return text += static_cast<char>(value);
}
using Fields = std::vector<std::pair<std::string, std::string>>;
// Nothing compressed.
std::string block(const Fields& fields) {
    std::string text(2, '\0');
    for (const auto& [name, value] : fields) {
        text += prefixed(0x20, 3, name.size());
        text += name;
        text += prefixed(0, 7, value.size());
        text += value;
    }
    return text;
}
const Fields good{{":method", "CONNECT"},
                  {":protocol", "webtransport"},
                  {":scheme", "https"},
                  {":authority", "game.example:4000"},
                  {":path", "/game?room=lobby"},
                  {"origin", "https://game.example"},
                  {"sec-webtransport-http3-draft02", "1"}};
std::string request(const Fields& fields = good) { return frame(1, block(fields)); }
Fields with(Fields fields, const std::string& name, const std::string& value) {
    for (auto& [each, is] : fields)
        if (each == name) return is = value, fields;
    fields.emplace_back(name, value);
    return fields;
}
Fields without(Fields fields, const std::string& name) {
    std::erase_if(fields, [&](const auto& field) { return field.first == name; });
    return fields;
}
std::uint16_t judged(const Fields& fields,
                     WebTransportOptions options = {"/game", {"https://game.example"}, {}}) {
    ConnectRequest request;
    for (const auto& [name, value] : fields) request.take(name, value);
    return request.judge(options);
}

// A session, and what lies on its streams.
struct Spoken {
    Http3Session session;
    WebTransportOptions options{"/game", {"https://game.example"}, {}};
    std::map<std::int64_t, std::string> waits, answers;
    std::map<std::int64_t, bool> finished;
    std::int64_t frames = -1;

    void look(std::int64_t stream, bool ended = false) {
        for (std::size_t taken = 1; taken != 0 && frames != stream;) {
            const Http3Turn turn = session.handle_stream(options, stream, bytes_of(waits[stream]), ended);
            REQUIRE(turn.taken <= waits[stream].size());
            taken = turn.taken;
            waits[stream].erase(0, taken);
            answers[stream] += text_of(turn.answer);
            if (turn.finishes) finished[stream] = true;
            if (turn.frames) frames = stream;
        }
    }
    Spoken& say(std::int64_t stream, const std::string& text, bool ended = false) {
        waits[stream] += text;
        look(stream, ended);
        return *this;
    }
    Spoken& drip(std::int64_t stream, const std::string& text) {
        for (const char c : text) say(stream, std::string(1, c));
        return *this;
    }
    Http3Error ends() {
        CHECK(session.is_over());
        return session.error();
    }
    std::string status(std::int64_t stream) {
        std::string found;
        const Http3Head head = Http3Head::read(bytes_of(answers[stream]));
        if (head.size == 0 || head.type != Http3Frame::headers) return found;
        Qpack qpack;
        CHECK(qpack.read(bytes_of(answers[stream]).subspan(head.size), stream, [&](const HttpField& field) {
            if (field.name == ":status") found = field.value;
        }) == Qpack::Read::whole);
        return found;
    }
};
Spoken met() {
    Spoken spoken;
    spoken.say(2, settings()).say(0, request());
    return spoken;
}

} // namespace

TEST_CASE("numbers of QUIC are read and written as in RFC 9000") {
    const std::pair<std::string, std::uint64_t> published[] = {
        {"c2197c5eff14e88c", 151288809941952652u}, {"9d7f3e7d", 494878333u}, {"7bbd", 15293u}, {"25", 37u}};
    for (const auto& [digits, value] : published) {
        const std::string bytes = hex(digits);
        CHECK(QuicNumber::read(bytes_of(bytes)).value == value);
        CHECK(QuicNumber::read(bytes_of(bytes)).size == bytes.size());
        CHECK(number(value) == bytes);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            CHECK(QuicNumber::read(bytes_of(bytes).first(i)).size == 0);
    }
    CHECK(QuicNumber::read(bytes_of("\x40\x25")).value == 37); // longer than it has to be
    std::byte little[1];
    CHECK(QuicNumber::write(little, 64) == 0);
    CHECK(QuicNumber::write({}, 1) == 0);
    std::byte most[8];
    CHECK(QuicNumber::write(most, QuicNumber::most) == 8);
    CHECK(QuicNumber::write(most, QuicNumber::most + 1) == 0);
}

TEST_CASE("settings say what WebTransport takes, and each once") {
    // The control stream, one frame, a limit to fields, and four that are switched on.
    CHECK(settings() == hex("0004"
                            "15"
                            "066000"
                            "0801"
                            "3301"
                            "ab60374201"
                            "c0000000c671706a01"));
    Http3Settings mine;
    Http3Error why = Http3Error::none;
    CHECK(mine.read(bytes_of(settings()).subspan(3), why));
    CHECK((mine.speaks_connect && mine.speaks_datagrams && mine.speaks_web_transport));
    const auto refusal = [](const std::string& list) {
        Http3Settings read;
        Http3Error found = Http3Error::none;
        CHECK(!read.read(bytes_of(list), found));
        return found;
    };
    CHECK(refusal(hex("0801"
                      "0800")) == Http3Error::settings); // twice
    CHECK(refusal(hex("0802")) == Http3Error::settings); // neither yes nor no
    CHECK(refusal(hex("3302")) == Http3Error::settings);
    for (const char* http2 : {"0001", "0201", "0301", "0401", "0501"})
        CHECK(refusal(hex(http2)) == Http3Error::settings);
    CHECK(refusal(hex("08")) == Http3Error::frame);
    CHECK(refusal(hex("0840")) == Http3Error::frame);
    std::string many;
    for (std::uint64_t i = 0; i < 65; ++i) many += number(1000 + i) + number(0);
    CHECK(refusal(many) == Http3Error::excessive_load);
}

TEST_CASE("fields are read as in RFC 9204, and without a table that changes") {
    Qpack qpack;
    std::string found;
    const auto note = [&](const HttpField& field) { ((found += field.name) += '=') += field.value; };
    CHECK(qpack.read(bytes_of(hex("0000510b2f696e6465782e68746d6c")), 0, note) == Qpack::Read::whole);
    CHECK(found == ":path=/index.html");            // appendix B.1
    CHECK(qpack.heed_encoder(bytes_of(hex("20")))); // a table without a size
    CHECK(!Qpack().heed_encoder(bytes_of(hex("3fbd01c00f7777772e6578616d706c652e636f6d")))); // B.2
    CHECK(Qpack().read(bytes_of(hex("03811011")), 4, note) == Qpack::Read::malformed);       // and its use
    CHECK(!Qpack().heed_decoder(bytes_of(hex("84"))));                                       // nobody used it
    CHECK(Qpack().read(bytes_of(hex("0000ff")), 0, note) == Qpack::Read::malformed);
    CHECK(Qpack().read({}, 0, note) == Qpack::Read::malformed);
    CHECK(Qpack().read(bytes_of(block({{"a", std::string(8159, 'x')}})), 0, note) == Qpack::Read::whole);
    CHECK(Qpack().read(bytes_of(block({{"a", std::string(8160, 'x')}})), 0, note) == Qpack::Read::too_large);
    // Short for the reader, long for who believes it.
    CHECK(Qpack().read(bytes_of(std::string(2, '\0') + std::string(8000, '\xD1')), 0, note) ==
          Qpack::Read::too_large);
    const HttpField fields[] = {{":status", "404"}, {"allow", "CONNECT"}};
    std::string written;
    CHECK(qpack.write(fields, 0, [&](BytesIn a, BytesIn b) { (written = text_of(a)) += text_of(b); }));
    found.clear();
    CHECK(Qpack().read(bytes_of(written), 0, note) == Qpack::Read::whole);
    CHECK(found == ":status=404allow=CONNECT");
}

TEST_CASE("what asks for a session is agreed to, or told why not") {
    CHECK(judged(good) == 200);
    CHECK(judged(with(good, ":path", "/")) == 404);
    CHECK(judged(with(good, ":path", "/games")) == 404);
    CHECK(judged(with(good, "origin", "https://other.example")) == 403);
    CHECK(judged(with(good, "origin", "null")) == 403);
    CHECK(judged(without(good, "origin")) == 200); // no browser
    CHECK(judged(with(good, "origin", "https://other.example"), {"", {}, {}}) == 200);
    CHECK(judged(with(good, ":path", "/any/where"), {"", {}, {}}) == 200);
    CHECK(judged(with(without(good, ":protocol"), ":method", "GET")) == 405);
    CHECK(judged(with(good, ":method", "POST")) == 400); // only CONNECT has a protocol
    CHECK(judged(with(good, ":protocol", "websocket")) == 501);
    CHECK(judged(with(good, ":scheme", "http")) == 501);
    CHECK(judged({{":method", "CONNECT"}, {":authority", "a:1"}}) == 501); // of a proxy
    for (const char* lacks : {":method", ":scheme", ":authority", ":path"})
        CHECK_MESSAGE(judged(without(good, lacks)) == 400, lacks);
    for (const char* wrong : {"", "game", "/a b", "/a#b", "/a\x7F"})
        CHECK_MESSAGE(judged(with(good, ":path", wrong)) == 400, wrong);
    const auto also = [](const std::string& name, const std::string& value) {
        Fields fields = good;
        fields.emplace_back(name, value);
        return judged(fields);
    };
    CHECK(also("user-agent", "somebody") == 200);
    for (const char* again : {":method", ":path", ":status", ":other", "origin", "Upper", "with space", "",
                              "connection", "transfer-encoding", "a:b"})
        CHECK_MESSAGE(also(again, "x") == 400, again);
    CHECK(also("field", "two\r\nlines") == 400);
    Fields late = good;
    std::swap(late.front(), late.back()); // a field before what the request is
    CHECK(judged(late) == 400);
}

TEST_CASE("a session begins with settings, a request and a stream, in any order and in any pieces") {
    Spoken whole;
    whole.say(2, settings()).say(0, request()).say(4, number(0x41) + number(0) + "frames");
    Spoken late; // the stream first, the settings last
    late.say(4, number(0x41) + number(0) + "frames").say(0, request());
    CHECK((late.frames < 0 && !late.session.is_open()));
    late.say(2, settings());
    late.look(0);
    late.look(4);
    Spoken slow;
    slow.drip(2, settings()).drip(0, request()).drip(4, number(0x41) + number(0)).say(4, "frames");
    for (Spoken* each : {&whole, &late, &slow}) {
        CHECK(each->session.is_open());
        CHECK(each->status(0) == "200");
        CHECK(each->frames == 4);
        CHECK((each->waits[4] == "frames" || each == &slow));
        CHECK(!each->session.is_over());
    }
    // What is made up for practice is passed over: settings, frames and streams.
    Spoken odd;
    odd.say(2, number(0) + frame(4, number(0x21) + number(7) + number(0x2B603742) + number(1)) +
                   frame(0x21 + 0x1F, "grease") + frame(0xD, number(5)))
        .say(6, number(0x21 + 0x1F * 5) + "nothing", true)
        .say(10, number(2))
        .say(14, number(3))
        .say(0, frame(0x21 + 0x1F * 9, "more") + request() + frame(0, "a capsule") + frame(0x5F, ""));
    CHECK(odd.session.is_open());
    CHECK(!odd.session.is_over());
    CHECK(odd.waits[0].empty());
    odd.say(0, "", true); // it ends in peace
    CHECK(odd.ends() == Http3Error::none);
}

TEST_CASE("who is not let in is told with a status, and may ask again") {
    const auto answered = [](const std::string& asks) {
        Spoken spoken;
        spoken.say(2, settings()).say(0, asks);
        CHECK(spoken.finished[0]);
        CHECK(!spoken.session.is_over());
        CHECK(!spoken.session.is_open());
        const std::string status = spoken.status(0);
        spoken.say(4, request());
        CHECK(spoken.status(4) == "200");
        return status;
    };
    CHECK(answered(request(with(good, ":path", "/other"))) == "404");
    CHECK(answered(request(with(good, "origin", "https://other.example"))) == "403");
    CHECK(answered(request(with(without(good, ":protocol"), ":method", "GET"))) == "405");
    CHECK(answered(request(without(good, ":path"))) == "400");
    CHECK(answered(request(with(good, "cookie", std::string(8192, 'x')))) == "431");
    CHECK(answered(frame(1, std::string(2, '\0') + std::string(8000, '\xD1'))) == "431");
    Spoken second = met();
    second.say(4, request());
    CHECK(second.status(4) == "429"); // there is one session
    Spoken plain;                     // who does not say that it knows WebTransport
    plain.say(2, number(0) + frame(4, "")).say(0, request());
    CHECK(plain.status(0) == "400");
}

TEST_CASE("whoever does not keep to HTTP/3 is let go, and told with which code") {
    const auto ends = [](std::int64_t stream, const std::string& text, bool ended = false) {
        Spoken spoken;
        spoken.say(2, settings()).say(stream, text, ended);
        return spoken.ends();
    };
    const auto later = [](std::int64_t stream, const std::string& text, bool ended = false) {
        Spoken spoken = met();
        CHECK(spoken.session.is_open());
        return spoken.say(stream, text, ended).ends();
    };
    const auto first = [](const std::string& text) { return Spoken().say(2, number(0) + text).ends(); };
    CHECK(first(frame(0xD, number(1))) == Http3Error::missing_settings);
    CHECK(first(frame(4, hex("0802"))) == Http3Error::settings);
    CHECK(first(number(4) + number(1025)) == Http3Error::excessive_load);
    for (const unsigned wrong : {0x0u, 0x1u, 0x2u, 0x4u, 0x5u, 0x6u, 0x8u, 0x9u, 0x41u})
        CHECK(ends(2, frame(wrong, "")) == Http3Error::frame_unexpected);
    CHECK(ends(2, "", true) == Http3Error::closed_critical_stream);
    for (const unsigned once : {0u, 2u, 3u}) {
        Spoken spoken;
        spoken.say(6, number(once));
        CHECK(spoken.say(10, number(once)).ends() == Http3Error::stream_creation);
        if (once != 0) CHECK(ends(6, number(once), true) == Http3Error::closed_critical_stream);
    }
    CHECK(ends(6, number(1)) == Http3Error::stream_creation);
    CHECK(ends(6, number(0x54) + number(0)) == Http3Error::protocol);
    CHECK(ends(6, number(2) + hex("3fbd01")) == Http3Error::qpack_encoder_stream);
    CHECK(ends(6, number(3) + hex("84")) == Http3Error::qpack_decoder_stream);
    for (const unsigned wrong : {0x0u, 0x2u, 0x3u, 0x4u, 0x5u, 0x6u, 0x7u, 0x8u, 0x9u, 0xDu})
        CHECK(ends(0, frame(wrong, "")) == Http3Error::frame_unexpected);
    CHECK(ends(0, frame(1, hex("03811011"))) == Http3Error::qpack_decompression);
    CHECK(ends(0, frame(0x5F, "") + number(0x41) + number(0)) == Http3Error::frame_unexpected);
    for (const unsigned wrong : {0x1u, 0x2u, 0x3u, 0x4u, 0x5u, 0x6u, 0x7u, 0x8u, 0x9u, 0xDu, 0x41u})
        CHECK(later(0, frame(wrong, "")) == Http3Error::frame_unexpected);
    CHECK(later(4, number(0x41) + number(1)) == Http3Error::id);
    CHECK(later(4, number(0x41) + number(4)) == Http3Error::id);
    Spoken two = met();
    two.say(4, number(0x41) + number(0));
    CHECK(two.say(8, number(0x41) + number(0)).ends() == Http3Error::protocol); // a second of them
    // Without an end.
    CHECK(ends(2, number(0x5F) + number(1 << 20)) == Http3Error::excessive_load);
    CHECK(later(0, number(0) + number(QuicNumber::most)) == Http3Error::excessive_load);
    CHECK(ends(6, number(0x5F) + std::string(70000, 'x')) == Http3Error::excessive_load);
    Spoken many;
    for (std::int64_t i = 0; i < 16; ++i) many.say(4 * i + 2, "");
    CHECK(!many.session.is_over());
    CHECK(many.say(66, "").ends() == Http3Error::excessive_load);
    Spoken left = met();
    left.session.handle_reset(0);
    CHECK(left.ends() == Http3Error::none);
}

TEST_CASE("a client asks, and believes the server's answer") {
    const auto answered = [](const std::string& answer) {
        Spoken client;
        client.session.dial();
        CHECK(!client.session.ask("game.example:4000", "/game").empty());
        client.say(3, settings()).say(0, answer);
        return client;
    };
    const auto status = [](const std::string& value) { return frame(1, block({{":status", value}})); };
    CHECK(answered(status("200")).session.is_open());
    CHECK(answered(status("103") + status("200")).session.is_open());
    for (const char* refused : {"302", "404", "500"}) {
        Spoken client = answered(status(refused));
        CHECK(client.ends() == Http3Error::none);
        CHECK(std::to_string(client.session.refusal()) == refused);
    }
    for (const char* wrong : {"", "20", "2000", "2x0", "099"})
        CHECK_MESSAGE(answered(status(wrong)).ends() == Http3Error::message, wrong);
    CHECK(answered(frame(1, block({}))).ends() == Http3Error::message);
    CHECK(answered(number(1) + number(9000)).ends() == Http3Error::excessive_load);
    Spoken poor;
    poor.session.dial();
    CHECK(poor.say(3, number(0) + frame(4, "")).ends() == Http3Error::settings); // it speaks no WebTransport
    // Both understand each other.
    Spoken server, client;
    client.session.dial();
    const std::string asks(text_of(client.session.ask("game.example:4000", "/game")));
    server.say(2, settings()).say(0, asks);
    client.say(3, settings()).say(0, server.answers[0]);
    CHECK((server.session.is_open() && client.session.is_open()));
}

TEST_CASE("a datagram says whose it is, and what is none of HTTP/3 ends everything") {
    using Heard = std::pair<Http3Whose, std::string>;
    const auto hears = [](Spoken& by, const std::string& bytes) {
        BytesIn datagram = bytes_of(bytes);
        const Http3Whose whose = by.session.handle_datagram(datagram);
        return Heard{whose, text_of(datagram)};
    };
    const Heard nobodys{Http3Whose::nobodys, ""}, malformed{Http3Whose::malformed, ""};
    Spoken early; // it may be quicker than the request
    CHECK(hears(early, number(0) + "x") == nobodys);
    CHECK(!early.session.has_datagrams());
    Spoken spoken = met();
    CHECK(spoken.session.has_datagrams());
    CHECK(hears(spoken, number(0) + "x") == Heard{Http3Whose::ours, "x"});
    CHECK(hears(spoken, hex("4000") + "x") == Heard{Http3Whose::ours, "x"}); // longer than it has to be
    CHECK(hears(spoken, number(0)) == Heard{Http3Whose::ours, ""});
    for (const std::uint64_t other : {std::uint64_t(1), std::uint64_t(4), Http3Quarter::most})
        CHECK(hears(spoken, number(other) + "x") == nobodys);
    CHECK(!spoken.session.is_over());
    for (const std::string& wrong : {std::string(), hex("40"), hex("c000"), number(Http3Quarter::most + 1)}) {
        Spoken other = met();
        CHECK(hears(other, wrong) == malformed);
        CHECK(other.ends() == Http3Error::datagram);
        CHECK(!other.session.has_datagrams());
        CHECK(hears(other, number(0) + "x") == nobodys); // it is over
    }
    // Of who was let in at the second request it is the next quarter.
    Spoken second;
    second.say(2, settings()).say(0, request(with(good, ":path", "/other"))).say(4, request());
    std::byte head[8];
    CHECK(text_of(second.session.write_quarter(head)) == number(1));
    CHECK(second.session.quarter_size() == 1);
    CHECK(hears(second, number(0) + "x") == nobodys);
    CHECK(hears(second, number(1) + "x") == Heard{Http3Whose::ours, "x"});
    // And nobody is sent any who has not said that it takes them.
    Spoken without_any;
    without_any.say(2, number(0) + frame(4, number(0x2B603742) + number(1))).say(0, request());
    CHECK((without_any.session.is_open() && !without_any.session.has_datagrams()));
}
