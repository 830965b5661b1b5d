// Trains the dictionary of codec::Compressed for a game: `train_dictionary [FILE.hpp]` plays it in a
// simulated world, keeps what its messages were encoded to, trains on the first rounds, tells what the
// dictionary does to the last ones, kind by kind, and writes the header that the game includes. `--raw FILE`
// writes the bytes as other tools read them.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <tenon/codec/compressed.hpp>
#include <tenon/portable.hpp>
#include <tenon/sim/world.hpp>

#include "game.hpp"

namespace {

using Bytes = std::vector<std::byte>;
using tenon::BytesIn;

struct Kind {
    std::string_view name;
    std::vector<Bytes> messages;
    std::size_t bytes = 0, in_bits = 0; // what they take in Binary, and in Bits, uncompressed
};
constexpr std::size_t least_bytes = tenon::codec::Compressed<tenon::codec::Binary>::least_bytes;
std::vector<Kind> heard; // one of each type that was said

// The game's codec, which also keeps what it writes: the one thing that is different from the game as it is
// played. It is one whose fields begin with a byte: in Bits no two are alike, and Zstandard finds nothing.
using Codec = tenon::codec::Binary;
struct Keeping : Codec {
    template <class T>
    static tenon::Encoded encode(tenon::BytesOut out, const T& message) {
        const tenon::Encoded size = Codec::encode(out, message);
        if (!size) return size;
        Kind& kind = of(tenon::type_name<T>());
        kind.messages.emplace_back(out.begin(), out.begin() + std::ptrdiff_t(*size));
        kind.bytes += *size;
        std::byte bits[4096];
        kind.in_bits += tenon::codec::Bits::encode(bits, message).value_or(*size);
        return size;
    }
    static Kind& of(std::string_view name) {
        for (Kind& kind : heard)
            if (kind.name == name) return kind;
        return heard.emplace_back(Kind{name, {}, 0, 0});
    }
};

void play(std::uint64_t seed, tenon::Duration time) {
    using Net = tenon::Session<trade::Game, tenon::transport::Memory, Keeping, tenon::clock::Independent<>,
                               tenon::topology::ClientServer, tenon::reliability::AckVector>;
    tenon::sim::World world(seed);
    Net host{{.room = "market"}, world.port(1)}, ann{{.room = "market"}, world.port(2)},
        bob{{.room = "market"}, world.port(3)};
    trade::Player keeper(seed), anns(seed + 1), bobs(seed + 2);
    world.add(host, keeper);
    world.add(ann, anns);
    world.add(bob, bobs);
    if (!host.host(4000) || !ann.join("host1:4000") || !bob.join("host1:4000")) return;
    const tenon::Instant end = world.now() + time;
    while (world.now() < end) {
        world.run(tenon::milliseconds(500));
        for (auto [net, player] : {std::pair{&host, &keeper}, {&ann, &anns}, {&bob, &bobs}}) {
            (void)net->broadcast(player->stock());
            if (player->random.chance(0.3)) (void)net->broadcast(player->words());
        }
    }
}

void write_header(const char* path, BytesIn bytes) {
    std::ofstream out(path, std::ios::binary);
    out << "#pragma once\n// Written by train_dictionary.\n\n#include <string_view>\n\n"
           "struct GameDictionary {\n    static constexpr std::string_view text{";
    char octal[8];
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i % 24 == 0) out << (i != 0 ? "\"" : "") << "\n        \"";
        std::snprintf(octal, sizeof octal, "\\%03o", std::to_integer<unsigned>(bytes[i]));
        out << octal;
    }
    out << "\", " << bytes.size() << "};\n};\n";
}

struct Sum {
    std::size_t plain = 0, without = 0, with = 0;
    void add(const Sum& other) { plain += other.plain, without += other.without, with += other.with; }
    void tell(std::string_view name, std::size_t count) const {
        std::printf("%-22.*s %6zu messages %8zu bytes, packed %8zu (%.2f), with the dictionary %8zu (%.2f)\n",
                    int(name.size()), name.data(), count, plain, without, double(without) / double(plain),
                    with, double(with) / double(plain));
    }
};

// What Compressed makes of it: the mark and what is packed, or a byte and the message.
std::size_t packed_bytes(const Bytes& message, const tenon::codec::ZstdDictionary* dictionary) {
    if (message.size() < least_bytes) return message.size() + 1;
    const auto packed = tenon::codec::ZstdContext::of_this_thread().pack(message, dictionary).bytes;
    const std::size_t size = tenon::varint_size(message.size() * 2) + packed.size();
    return packed.empty() ? message.size() + 1 : std::min(size, message.size() + 1);
}

} // namespace

int main(int argc, char** argv) {
    const bool raw = argc > 2 && std::strcmp(argv[1], "--raw") == 0;
    const char* path = raw ? argv[2] : argc > 1 ? argv[1] : nullptr;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) play(seed, tenon::seconds(120));

    // Mixed, since the trainer tries what it found in the first on the last.
    std::vector<const Bytes*> samples;
    for (const Kind& kind : heard)
        for (std::size_t i = 0; i < kind.messages.size() * 3 / 4; ++i)
            if (kind.messages[i].size() >= least_bytes) samples.push_back(&kind.messages[i]);
    tenon::Random random(1);
    for (std::size_t i = samples.size(); i > 1; --i) std::swap(samples[i - 1], samples[random.below(i)]);
    Bytes all;
    std::vector<std::size_t> sizes;
    for (const Bytes* sample : samples) {
        all.insert(all.end(), sample->begin(), sample->end());
        sizes.push_back(sample->size());
    }
    const Bytes trained = tenon::codec::train_zstd_dictionary(all, sizes, 8192);
    const tenon::codec::ZstdDictionary dictionary(trained);
    if (trained.empty() || !dictionary.ok())
        return std::puts("too little was said to train a dictionary from"), 1;
    std::printf("a dictionary of %zu bytes, from %zu messages; what it does to others:\n", trained.size(),
                sizes.size());
    Sum whole;
    std::size_t count = 0;
    for (const Kind& kind : heard) {
        Sum sum;
        for (std::size_t i = kind.messages.size() * 3 / 4; i < kind.messages.size(); ++i)
            sum.add({kind.messages[i].size(), packed_bytes(kind.messages[i], nullptr),
                     packed_bytes(kind.messages[i], &dictionary)});
        const std::size_t kept = kind.messages.size() - kind.messages.size() * 3 / 4;
        sum.tell(kind.name, kept);
        std::printf("  in Bits, uncompressed: %.2f\n", double(kind.in_bits) / double(kind.bytes));
        if (sum.with >= sum.plain) std::printf("  it does not pay: put it into the dictionary's `plain`\n");
        whole.add(sum);
        count += kept;
    }
    whole.tell("all", count);
    if (path != nullptr && raw)
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(trained.data()),
                   static_cast<std::streamsize>(trained.size()));
    else if (path != nullptr)
        write_header(path, trained);
    return whole.with < whole.plain ? 0 : 1;
}
