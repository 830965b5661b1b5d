// Snapshots of noise and honest ones with bits turned over, heard by a replica that honest ones brought up.
// What is refused changes nothing; what is taken in has every field within its range; acknowledgements of
// anything are heard by the sender, which goes on telling the truth. What is shown of it all, played back and
// predicted, is within its bounds too, and its time never goes back.
//   input: (u8 how, u8 size, bytes)...; see `how`
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "../replica/replicated.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/replica/scene.hpp"
#include "tenon/wire/varint.hpp"

namespace {

using tenon::BytesIn;
using tenon::BytesOut;

namespace how {
constexpr std::uint8_t raw = 0x01;        // the bytes are a snapshot, but for its number
constexpr std::uint8_t lives = 0x02;      // the world goes on before
constexpr std::uint8_t honest = 0x04;     // and an honest snapshot arrives before
constexpr std::uint8_t any_number = 0x08; // the number is the input's too
constexpr std::uint8_t acks = 0x10;       // the first two bytes are acknowledged
constexpr std::uint8_t heals = 0x20;      // the slot of the first byte is healed
constexpr std::uint8_t hides = 0x40;      // the client sees only the slots whose bits are set in the bytes
} // namespace how

void must(bool holds) {
    if (!holds) std::abort();
}

std::uint64_t image(const tenon::ReplicaHistory& replica) {
    std::uint64_t sum = 0;
    for (std::size_t slot = 0; slot < replica.slots(); ++slot) {
        const tenon::Tenant tenant = replica.row().tenant(slot);
        sum = tenon::hash64({reinterpret_cast<const std::byte*>(&tenant), sizeof tenant}, sum);
        for (std::size_t c = 0; c < replica.layout().components(); ++c)
            sum = tenon::hash64({reinterpret_cast<const std::byte*>(replica.row().cells(c, slot)),
                                 replica.layout().component(c).cells * sizeof(tenon::Cell)},
                                sum);
    }
    return sum;
}

void check_ranges(const tenon::ReplicaHistory& replica) {
    const tenon::Layout& layout = replica.layout();
    for (std::size_t slot = 0; slot < replica.slots(); ++slot)
        for (std::size_t c = 0; c < layout.components(); ++c) {
            if ((replica.row().tenant(slot).components >> c & 1) == 0) continue;
            const tenon::ComponentLayout& component = layout.component(c);
            for (std::size_t g = component.first_group;
                 g < std::size_t(component.first_group) + component.groups; ++g)
                for (unsigned k = 0; k < layout.group(g).count; ++k) {
                    const std::int64_t above =
                        std::int64_t(replica.row().cells(c, slot)[layout.group(g).first + k]) -
                        layout.group(g).low[k];
                    must(above >= 0 && above <= std::int64_t(layout.group(g).range[k]));
                }
        }
}

// A client who looks at the replica, and pushes what he owns.
struct Onlooker {
    static constexpr auto step = [](auto& world, tenon::EntityId entity, const replicated::Push& push,
                                    std::uint32_t number) {
        auto body = world.template get<replicated::Body>(entity);
        if (!body) return;
        body->x += push.by;
        world.set(entity, *body);
        if (number % 8 == 0) world.set(world.spawn(world.owner(entity), {number, 1}), *body);
    };
    explicit Onlooker(const replicated::Replica& replica)
        : playback(replica, {.tick = tenon::milliseconds(10)}), prediction(replica, {.commands_max = 16}) {
        prediction.begin(tenon::PeerId{3});
    }
    void hear(std::uint16_t number, std::uint32_t applied, int ms) {
        now += tenon::milliseconds(ms);
        playback.heard(now, number);
        (void)prediction.heard(now, number, applied, step);
        look();
    }
    void look() {
        (void)prediction.command({0.1f}, step);
        const tenon::Moment moment = playback.moment(now);
        must(moment >= last);
        last = moment;
        const tenon::Scene<replicated::Game, replicated::Push> scene(playback, prediction);
        for (const auto& [entity, body] : scene.view<replicated::Body>(now)) {
            must(bool(entity));
            must(body.x >= -64 && body.x <= 64 && body.y >= -64 && body.y <= 64);
            must(body.heading >= 0 && body.heading < 6.2832f);
            const float norm = body.qx * body.qx + body.qy * body.qy + body.qz * body.qz + body.qw * body.qw;
            must(norm > 0.5f && norm < 1.5f);
        }
        replicated::Replica::Change change;
        while (playback.poll_event(now, change)) must(bool(change.entity));
        tenon::Outcome outcome;
        while (prediction.poll_event(outcome)) must(bool(outcome.foreseen));
    }

    tenon::Playback<replicated::Game> playback;
    tenon::Prediction<replicated::Game, replicated::Push> prediction;
    tenon::Instant now{1'000'000'000};
    tenon::Moment last{};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t entities = 64;
    replicated::World world({.entities_max = entities, .ticks = 32});
    tenon::SnapshotCache cache(entities, 800, 2, 1);
    tenon::DeltaModels models(world.layout());
    tenon::SnapshotSender sender(world, cache, models);
    replicated::Replica replica(entities);
    replicated::Life life(world, size);
    Onlooker onlooker(replica);
    std::uint8_t what = 0;
    std::array<std::byte, 800> buffer;
    std::uint16_t number = 0;
    std::vector<std::uint8_t> sees;
    const auto write = [&] {
        std::vector<tenon::InSight> seen;
        for (std::uint16_t slot = 0; slot < sees.size() * 8 && slot < world.used(); ++slot)
            if ((sees[slot / 8] >> slot % 8 & 1) != 0)
                seen.push_back({slot, world.at(world.commits() - 1).tenant(slot).generation, 1, 1});
        const std::size_t written = sees.empty() ? sender.write(buffer) : sender.write(buffer, seen);
        if (written != 0) number = tenon::load_le<std::uint16_t>(buffer.data());
        return BytesOut(buffer).first(written);
    };
    const auto hear = [&](BytesIn bytes) {
        const std::uint64_t before = image(replica);
        const auto heard = replica.handle(bytes);
        if (!heard) must(image(replica) == before);
        check_ranges(replica);
        if (heard) onlooker.hear(*heard, what % 32u, what);
        return heard;
    };
    const auto exchange = [&] {
        if (const auto heard = hear(write())) (void)sender.acknowledged(*heard);
    };
    for (int i = 0; i < 3; ++i) life.step(), exchange();

    tenon::ByteReader in({reinterpret_cast<const std::byte*>(data), size});
    for (int turns = 0; in.left() != 0 && turns < 40; ++turns) {
        what = in.u8();
        const std::size_t wanted = in.u8();
        const BytesIn bytes = in.bytes(std::min(wanted, in.left()));
        if (what & how::hides) {
            sees.clear();
            for (const std::byte byte : bytes) sees.push_back(std::to_integer<std::uint8_t>(byte));
        }
        if (what & how::lives) life.step();
        if (what & how::honest) exchange();
        if (what & how::acks && bytes.size() >= 2)
            (void)sender.acknowledged(tenon::load_le<std::uint16_t>(bytes.data()));
        if (what & how::heals && !bytes.empty()) sender.heal(std::to_integer<std::size_t>(bytes[0]));
        std::vector<std::byte> snapshot;
        if (what & how::raw) {
            snapshot.assign(bytes.begin(), bytes.end());
            if (!(what & how::any_number) && snapshot.size() >= 2)
                tenon::store_le(snapshot.data(), static_cast<std::uint16_t>(number + 1));
        } else {
            const BytesIn honest = write();
            snapshot.assign(honest.begin(), honest.end());
            for (std::size_t i = 0; i < bytes.size() && i < snapshot.size(); ++i) snapshot[i] ^= bytes[i];
        }
        (void)hear(snapshot);
    }
    return 0;
}
