#include "tenon/schema/rotation.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "tenon/codec/binary.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/core/random.hpp"

namespace {

struct Pose {
    float x = 0, y = 0, z = 0, qx = 0, qy = 0, qz = 0, qw = 1, heading = 0;
    void serialize(auto& ar) {
        ar(tenon::quantized_vector(-8, 8, 0.01, x, y, z), tenon::rotation(qx, qy, qz, qw, 0.001),
           tenon::angle(heading, 0.01));
    }
};

Pose some(tenon::Random& random) {
    const auto any = [&](double reach) { return static_cast<float>((random.real() * 2 - 1) * reach); };
    Pose pose{any(8), any(8), any(8), any(1), any(1), any(1), any(1), any(20)};
    const float norm =
        1 / std::sqrt(pose.qx * pose.qx + pose.qy * pose.qy + pose.qz * pose.qz + pose.qw * pose.qw);
    pose.qx *= norm, pose.qy *= norm, pose.qz *= norm, pose.qw *= norm;
    return pose;
}

// Between the turns of two quaternions, in radians.
double apart(const Pose& a, const Pose& b) {
    const double dot = double(a.qx) * b.qx + double(a.qy) * b.qy + double(a.qz) * b.qz + double(a.qw) * b.qw;
    return 2 * std::acos(std::min(1.0, std::fabs(dot)));
}

} // namespace

TEST_CASE("a pose in bits comes back to the nearest step, and its bits are as many as its grid needs") {
    tenon::Random random(1);
    std::array<std::byte, 64> bytes;
    for (int i = 0; i < 2000; ++i) {
        const Pose pose = some(random);
        const tenon::Encoded size = tenon::codec::Bits::encode(bytes, pose);
        REQUIRE(size);
        REQUIRE(*size == (3 * 11 + 2 + 3 * 11 + 10 + 7) / 8);
        Pose back;
        REQUIRE(tenon::codec::Bits::decode(tenon::BytesIn(bytes).first(*size), back));
        REQUIRE(std::fabs(back.x - pose.x) <= 0.0051);
        REQUIRE(apart(pose, back) < 0.003);
        const double turns = (double(back.heading) - double(pose.heading)) / 6.283185307179586;
        REQUIRE(std::fabs(turns - std::round(turns)) * 6.2832 <= 0.0051);
    }
}

TEST_CASE("other archives write the plain values") {
    tenon::Random random(2);
    const Pose pose = some(random);
    std::array<std::byte, 64> bytes;
    const tenon::Encoded size = tenon::codec::Binary::encode(bytes, pose);
    REQUIRE(size);
    Pose back;
    REQUIRE(tenon::codec::Binary::decode(tenon::BytesIn(bytes).first(*size), back));
    CHECK(back.qx == pose.qx);
    CHECK(back.qw == pose.qw);
    CHECK(back.heading == pose.heading);
}

TEST_CASE("what has no direction is no turn, and q turns as -q does") {
    Pose pose;
    pose.qx = pose.qw = 0;
    CHECK(tenon::rotation(pose.qx, pose.qy, pose.qz, pose.qw, 0.001).packed().largest == 3);
    pose.qx = std::nanf("");
    CHECK(tenon::rotation(pose.qx, pose.qy, pose.qz, pose.qw, 0.001).packed().part[0] == 0);
    pose.qx = 0.6f, pose.qy = -0.8f, pose.qw = 0;
    const auto one = tenon::rotation(pose.qx, pose.qy, pose.qz, pose.qw, 0.001).packed();
    pose.qx = -0.6f, pose.qy = 0.8f;
    const auto other = tenon::rotation(pose.qx, pose.qy, pose.qz, pose.qw, 0.001).packed();
    CHECK(one.largest == 1);
    CHECK(one.largest == other.largest);
    CHECK(one.part[0] == other.part[0]);
    CHECK(one.part[0] == -600);
}

TEST_CASE("an angle comes round") {
    float a = -0.004f, b = 6.2831f, c = 1e30f;
    CHECK(tenon::angle(a, 0.01).index() == 0);
    CHECK(tenon::angle(b, 0.01).index() == 0);
    CHECK(tenon::angle(c, 0.01).index() == 0);
    a = -1;
    CHECK(tenon::angle(a, 0.01).index() == 528);
}
