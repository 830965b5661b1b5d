// What can be asked of a page without WebTransport, as node is one; tests/interop/page_echo.cpp has a
// browser.
#if defined(__EMSCRIPTEN__)
#include "tenon/browser/web_transport.hpp"

#include <doctest/doctest.h>

#include "tenon/browser/web_transport_page.hpp"

using namespace tenon;

TEST_CASE("where there is no WebTransport nobody is reached, and it says so") {
    browser::WebTransport page;
    CHECK(page.resolve("127.0.0.1:9")->text() == "wss://127.0.0.1:9/");
    CHECK(page.resolve("https://1.2.3.999:1").error() == Error::bad_address);
    REQUIRE(page.open_to_dial());
    CHECK(page.send(*page.resolve("https://127.0.0.1:1"), {}, bytes_of("x")) == Sent::closed);
    struct Ear {
        int lost_ones = 0;
        void operator()(const browser::Url&, Lane, BytesIn) {}
        void lost(const browser::Url&) { ++lost_ones; }
    } ear;
    page.poll(ear);
    CHECK(ear.lost_ones == 1);
    CHECK(page.loss() == Error::unreachable);
}
#endif
