// What a stranger offers: read within its bounds, and what is read can be written so that it is read again.
//   input: the text
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tenon/transport/sdp.hpp"

namespace {

using tenon::transport::detail::Sdp;

void must(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto sdp = Sdp::read({reinterpret_cast<const char*>(data), size});
    if (!sdp) return 0;
    must(size <= Sdp::bytes_max && sdp->candidate_count <= Sdp::candidates_max && sdp->has_print);
    must(sdp->user.size() >= 4 && sdp->user.size() <= 256 && sdp->password.size() >= 22);
    must(!sdp->mid.empty() && sdp->mid.size() <= 32 && sdp->port != 0 && sdp->setup != Sdp::Setup::none);
    const std::string text = sdp->write(5);
    const auto again = Sdp::read(text);
    must(bool(again) && again->mid == sdp->mid && again->user == sdp->user);
    must(again->password == sdp->password && again->print == sdp->print && again->setup == sdp->setup);
    must(again->port == sdp->port && again->message_max == sdp->message_max && again->lite == sdp->lite);
    must(again->candidate_count == sdp->candidate_count && again->candidates == sdp->candidates);
    return 0;
}
