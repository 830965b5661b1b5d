#include "tenon/room/admission.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tenon/link/handshake.hpp"

using namespace tenon;

namespace {

struct Request : Connect {
    Plain::Visitor visitor;
};
struct Bouncer {
    std::string heard;
    Admission admit(const Caller& caller) {
        heard = caller.name;
        return text_of(caller.credential) == "sesame" ? Admission{} : Admission::refuse(Error::refused, "no");
    }
};
struct Nobody {};

} // namespace

TEST_CASE("who keeps the door hears who calls; where nobody does, everybody comes in") {
    Request request;
    request.name = "ann";
    request.credential = bytes_of("sesame");
    request.terms.capabilities = 7;
    request.nonce = 5;
    const Caller caller = caller_of(request, "203.0.113.7:4000", 0x1C, PeerId{9});
    CHECK(caller.name == "ann");
    CHECK(caller.address == "203.0.113.7:4000");
    CHECK(caller.key.empty());
    CHECK(caller.capabilities == 4);
    CHECK(caller.peer == PeerId{9});
    CHECK(caller.request == 5);
    Bouncer bouncer;
    CHECK(ask(bouncer, caller).reason == Error::none);
    CHECK(bouncer.heard == "ann");
    request.credential = {};
    CHECK(ask(bouncer, caller_of(request, "", 0, PeerId{9})).text == "no");
    Nobody nobody;
    CHECK(ask(nobody, caller).reason == Error::none);
    CHECK_FALSE(ask(nobody, caller).later);
    CHECK(Admission::wait().later);
    CHECK(Admission::refuse().reason == Error::refused);
    static_assert(AdmitsCallers<Bouncer> && !AdmitsCallers<Nobody>);
}
