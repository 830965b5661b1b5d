// What a game gets with tenon-compressed: a message that is packed and comes back.
#include <array>
#include <string>
#include <tenon/codec/binary.hpp>
#include <tenon/codec/compressed.hpp>

struct Words {
    std::string text;
    void serialize(auto& ar) { ar(text); }
};

int main() {
    using Codec = tenon::codec::Compressed<tenon::codec::Binary>;
    std::array<std::byte, 600> bytes{};
    const auto size = Codec::encode(bytes, Words{std::string(500, 'a')});
    Words back;
    if (!size || !Codec::decode(tenon::BytesIn(bytes).first(*size), back)) return 1;
    return *size < 50 && back.text == std::string(500, 'a') ? 0 : 1;
}
