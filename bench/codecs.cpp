// Nanoseconds to encode and to decode, and the bytes between, of each codec beside memcpy and cereal's own
// portable archive: a state of 40 fields (128 bytes), and a snapshot of 100 entities of 10 fields (48 bytes
// each). And, where libzstd is, of the stock of a trader with words in it, compressed with a dictionary that
// was trained from others of its kind, and without.

#include "game.hpp"
#include "harness.hpp"

#include <array>
#include <span>
#include <sstream>

#include <cereal/archives/portable_binary.hpp>
#include <cereal/types/array.hpp>

#include <tenon/codec/binary.hpp>
#include <tenon/codec/json.hpp>

#if BENCH_ZSTD
#include <tenon/codec/compressed.hpp>
#endif

namespace {

using namespace bench;

struct Body {
    std::array<float, 20> reals{};
    std::array<std::int32_t, 6> numbers{};
    std::array<std::int16_t, 8> shorts{};
    std::array<std::uint8_t, 6> flags{};
    void serialize(auto& ar) {
        for (float& x : reals) ar(tenon::quantized(x, -256.0f, 256.0f, 0.01f));
        for (auto& x : numbers) ar(x);
        for (auto& x : shorts) ar(x);
        for (auto& x : flags) ar(x);
    }
};

struct Entity {
    std::uint32_t id = 0;
    float x = 0, y = 0, z = 0, vx = 0, vy = 0, vz = 0, heading = 0;
    std::int32_t health = 0;
    std::uint8_t kind = 0;
    std::uint8_t spare[11]{}; // so that it is as large as entities are
    void serialize(auto& ar) {
        ar(id, tenon::quantized(x, -1024.0f, 1024.0f, 0.01f), tenon::quantized(y, -1024.0f, 1024.0f, 0.01f),
           tenon::quantized(z, -1024.0f, 1024.0f, 0.01f), tenon::quantized(vx, -64.0f, 64.0f, 0.1f),
           tenon::quantized(vy, -64.0f, 64.0f, 0.1f), tenon::quantized(vz, -64.0f, 64.0f, 0.1f),
           tenon::quantized(heading, 0.0f, 6.3f, 0.01f), health, kind);
    }
};
struct Snapshot100 {
    std::array<Entity, 100> entities{};
    void serialize(auto& ar) { ar(entities); }
};
static_assert(sizeof(Body) == 128 && sizeof(Entity) == 48);

Body make(Body body) {
    tenon::Random random(7);
    for (float& x : body.reals) x = static_cast<float>(random.real() * 500 - 250);
    for (auto& x : body.numbers) x = static_cast<std::int32_t>(random.between(-5000, 5000));
    for (auto& x : body.shorts) x = static_cast<std::int16_t>(random.between(-200, 200));
    for (auto& x : body.flags) x = static_cast<std::uint8_t>(random.below(256));
    return body;
}
Snapshot100 make(Snapshot100 snapshot) {
    tenon::Random random(7);
    const auto real = [&](double low, double high) {
        return static_cast<float>(low + random.real() * (high - low));
    };
    std::uint32_t id = 0;
    for (Entity& e : snapshot.entities) {
        e.id = ++id;
        e.x = real(-1000, 1000), e.y = real(-1000, 1000), e.z = real(-1000, 1000);
        e.vx = real(-60, 60), e.vy = real(-60, 60), e.vz = real(-60, 60);
        e.heading = real(0, 6.28);
        e.health = static_cast<std::int32_t>(random.below(100));
        e.kind = static_cast<std::uint8_t>(random.below(8));
    }
    return snapshot;
}

// What each way of writing gives: the bytes written, 0 when it failed.
struct Memcpy {
    static constexpr const char* name = "memcpy";
    template <class T>
    static std::size_t encode(tenon::BytesOut out, const T& value) {
        std::memcpy(out.data(), &value, sizeof value);
        return sizeof value;
    }
    template <class T>
    static bool decode(tenon::BytesIn in, T& value) {
        std::memcpy(static_cast<void*>(&value), in.data(), sizeof value);
        return true;
    }
};
struct CerealPortable {
    static constexpr const char* name = "cereal_portable";
    template <class T>
    static std::size_t encode(tenon::BytesOut out, const T& value) {
        std::ostringstream stream;
        cereal::PortableBinaryOutputArchive ar(stream);
        ar(value);
        const std::string text = stream.str();
        std::memcpy(out.data(), text.data(), text.size());
        return text.size();
    }
    template <class T>
    static bool decode(tenon::BytesIn in, T& value) {
        std::istringstream stream(std::string(reinterpret_cast<const char*>(in.data()), in.size()));
        cereal::PortableBinaryInputArchive ar(stream);
        ar(value);
        return true;
    }
};
template <class Codec>
struct Ours {
    template <class T>
    static std::size_t encode(tenon::BytesOut out, const T& value) {
        const tenon::Encoded size = Codec::encode(out, value);
        return size ? *size : 0;
    }
    template <class T>
    static bool decode(tenon::BytesIn in, T& value) {
        return static_cast<bool>(Codec::decode(in, value));
    }
};
struct Bits : Ours<tenon::codec::Bits> {
    static constexpr const char* name = "bits";
};
struct Binary : Ours<tenon::codec::Binary> {
    static constexpr const char* name = "binary";
};
struct Json : Ours<tenon::codec::Json> {
    static constexpr const char* name = "json";
};

// The compiler may not know what is there.
template <class T>
void blur(T& value) {
    asm volatile("" : : "r"(&value) : "memory");
}

struct Figures {
    std::vector<double> encode, decode;
    std::size_t bytes = 0;
};

template <class Way, class T>
bool once(Figures& figures, T& value) {
    static std::byte buffer[1 << 17];
    figures.bytes = Way::encode(buffer, value);
    if (figures.bytes == 0) return false;
    const int times =
        static_cast<int>(std::clamp<std::size_t>(20'000'000 / (figures.bytes + 100), 20, 50'000));
    bool good = true;
    std::int64_t start = wall_ns();
    for (int i = 0; i < times; ++i) {
        blur(value);
        good = Way::encode(buffer, value) == figures.bytes && good;
        blur(buffer);
    }
    figures.encode.push_back(static_cast<double>(wall_ns() - start) / times);
    T back{};
    start = wall_ns();
    for (int i = 0; i < times; ++i) {
        blur(buffer);
        good = Way::decode(tenon::BytesIn(buffer, figures.bytes), back) && good;
        blur(back);
    }
    figures.decode.push_back(static_cast<double>(wall_ns() - start) / times);
    return good;
}

template <class T, class... Ways>
bool measure(const char* what) {
    static T value = make(T{});
    Figures figures[sizeof...(Ways)];
    bool good = true;
    for (int round = 0; round < 7; ++round) {
        std::size_t i = 0;
        ((good = once<Ways>(figures[i++], value) && good), ...);
    }
    std::size_t i = 0;
    const auto tell = [&](const char* name) {
        const std::string full = "codec." + std::string(name) + "." + what;
        figure((full + ".bytes").c_str(), static_cast<double>(figures[i].bytes), "bytes");
        figure((full + ".encode").c_str(), median(figures[i].encode), "ns");
        figure((full + ".decode").c_str(), median(figures[i++].decode), "ns");
    };
    (tell(Ways::name), ...);
    return good;
}

#if BENCH_ZSTD
struct Ware {
    std::string name;
    std::uint32_t count = 0, price = 0;
    void serialize(auto& ar) { ar(tenon::bounded(name, 31), count, price); }
};
struct Stock {
    std::vector<Ware> wares;
    void serialize(auto& ar) { ar(tenon::bounded(wares, 63)); }
};
Stock stock(tenon::Random& random) {
    static const char* const names[] = {"iron sword",  "oak shield", "healing potion", "bread",      "rope",
                                        "silver ring", "map",        "lantern oil",    "wolf hides", "salt"};
    const auto up_to = [&](std::uint64_t most) { return static_cast<std::uint32_t>(random.below(most)); };
    Stock stock;
    for (int i = 0; i < 8; ++i) stock.wares.push_back({names[random.below(10)], up_to(50), up_to(1000)});
    return stock;
}
Stock make(const Stock&) {
    tenon::Random random(7);
    return stock(random);
}
// Trained when it is first asked for; a game has the bytes in a header.
struct Trained {
    static inline std::string text = [] {
        tenon::Random random(8);
        std::vector<std::byte> all(1 << 20);
        std::vector<std::size_t> sizes;
        std::size_t at = 0;
        for (int i = 0; i < 4000; ++i) {
            sizes.push_back(
                tenon::codec::Binary::encode(std::span(all).subspan(at), stock(random)).value_or(0));
            at += sizes.back();
        }
        return std::string(
            tenon::text_of(tenon::codec::train_zstd_dictionary(std::span(all).first(at), sizes, 4096)));
    }();
};
// As Compressed does it, with a dictionary that is not known while compiling.
template <bool With>
struct Packed {
    static constexpr const char* name = With ? "binary_zstd_dictionary" : "binary_zstd";
    static const tenon::codec::ZstdDictionary* dictionary() {
        static const tenon::codec::ZstdDictionary ready(tenon::bytes_of(Trained::text));
        return With ? &ready : nullptr;
    }
    static std::size_t encode(tenon::BytesOut out, const Stock& value) {
        auto& context = tenon::codec::ZstdContext::of_this_thread();
        const std::size_t plain = tenon::codec::Binary::encode(out, value).value_or(0);
        const auto packed = context.pack(out.first(plain), dictionary());
        tenon::ByteWriter writer(out);
        writer.varint(plain << 1);
        writer.bytes(packed.bytes);
        return packed.bytes.empty() ? 0 : writer.position();
    }
    static bool decode(tenon::BytesIn in, Stock& value) {
        tenon::ByteReader reader(in);
        const auto plain = static_cast<std::size_t>(reader.varint() >> 1);
        const tenon::BytesIn bytes =
            tenon::codec::ZstdContext::of_this_thread().unpack({reader.rest(), false}, plain, dictionary());
        return static_cast<bool>(tenon::codec::Binary::decode(bytes, value));
    }
};
bool measure_packed() { return measure<Stock, Bits, Binary, Packed<false>, Packed<true>>("stock"); }
#else
bool measure_packed() { return true; }
#endif

} // namespace

int main() {
    const bool packed = measure_packed();
    const bool body = measure<Body, Memcpy, Bits, Binary, CerealPortable, Json>("state");
    return measure<Snapshot100, Memcpy, Bits, Binary, CerealPortable, Json>("snapshot") && body && packed ? 0
                                                                                                          : 1;
}
