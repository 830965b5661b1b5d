#pragma once
// A market, whose traders tell what they have and what they want: messages with words and lists in them, as a
// dictionary likes them. Put your own game in its place.

#include <string>
#include <vector>

#include <tenon/portable.hpp>

namespace trade {

struct Stall {
    float x = 0, y = 0;
    void serialize(auto& ar) {
        ar(tenon::quantized(x, 0.f, 100.f, 0.01f), tenon::quantized(y, 0.f, 100.f, 0.01f));
    }
};
struct Ware {
    std::string name;
    std::uint32_t count = 0, price = 0;
    void serialize(auto& ar) { ar(tenon::bounded(name, 31), count, price); }
};
struct Stock {
    std::vector<Ware> wares;
    void serialize(auto& ar) { ar(tenon::bounded(wares, 63)); }
};
struct Words {
    std::string text;
    void serialize(auto& ar) { ar(tenon::bounded(text, 200)); }
};
using Game = tenon::Game<"trade", 1, tenon::State<Stall>, tenon::Event<Stock, tenon::Ordered>,
                         tenon::Event<Words, tenon::Ordered>>;

struct Player {
    tenon::Random random;
    explicit Player(std::uint64_t seed) : random(seed) {}

    Stall state() {
        return {static_cast<float>(random.real() * 100), static_cast<float>(random.real() * 100)};
    }
    void on(tenon::PeerId, const Stock&) {}
    void on(tenon::PeerId, const Words&) {}

    std::string ware() {
        static const char* const names[] = {
            "iron sword",  "oak shield", "healing potion", "bread",      "rope",
            "silver ring", "map",        "lantern oil",    "wolf hides", "salt"};
        return names[random.below(10)];
    }
    std::uint32_t up_to(std::uint64_t most) { return static_cast<std::uint32_t>(random.below(most)); }
    Stock stock() {
        Stock stock;
        for (std::uint64_t i = 3 + random.below(8); i > 0; --i)
            stock.wares.push_back({ware(), up_to(50), up_to(1000)});
        return stock;
    }
    Words words() {
        return {"I give " + std::to_string(up_to(90) + 10) + " gold for your " + ware() + ", or a " + ware() +
                " from my own stall. Who has some left?"};
    }
};

} // namespace trade
