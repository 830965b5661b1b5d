// Texts of who is banned: what is read, written again, is the same, and nothing of a text with a fault in it
// is kept.
//   input: u8 seconds since 1970 that the list knows of, text
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tenon/room/ban_list.hpp"

namespace {

using namespace tenon;

void must(bool holds) {
    if (!holds) std::abort();
}
std::string written(const BanList& list) {
    std::string all;
    list.write([&](std::string_view piece) { all += piece; });
    return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    BanList list;
    list.tell_time({data[0]});
    std::size_t line = 0;
    if (!list.read(text, &line)) {
        must(list.size() == 0 && line > 0);
        return 0;
    }
    must(list.size() <= BanList::bans_max);
    const std::string once = written(list);
    BanList again;
    must(bool(again.read(once)) && written(again) == once);
    for (std::size_t i = 0; i < list.size(); ++i) {
        const BanList::Ban& ban = list[i];
        must(list.find(ban.who) == &ban && ban.until > UnixTime{data[0]} && ban.told().size <= 80);
    }
    while (list.size() != 0) must(list.remove(Banned(list[0].who)));
    return 0;
}
