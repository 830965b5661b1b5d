#pragma once
// A small deterministic simulation of rigid cubes: contacts of corners with faces, impulses with friction,
// and rest for what lies still. Field and the captures of the benchmarks come from it. Not a physics engine:
// edges pass through edges.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rigid {

struct Vec {
    double x = 0, y = 0, z = 0;
    friend Vec operator+(Vec a, Vec b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
    friend Vec operator-(Vec a, Vec b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
    friend Vec operator*(Vec a, double s) { return {a.x * s, a.y * s, a.z * s}; }
    Vec& operator+=(Vec b) { return *this = *this + b; }
    Vec& operator-=(Vec b) { return *this = *this - b; }
};
inline double dot(Vec a, Vec b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec cross(Vec a, Vec b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double length(Vec a) { return std::sqrt(dot(a, a)); }

struct Quat {
    double x = 0, y = 0, z = 0, w = 1;
};
inline Quat operator*(Quat a, Quat b) {
    return {a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y, a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
            a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w, a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z};
}

struct Body {
    Vec at, speed, spin;
    Quat turn;
    double half = 0.5, mass_inverse = 1, inertia_inverse = 6;
    Vec axis[3]; // of the cube, in the world
    int still = 0;
    bool asleep = false;

    void set_size(double half_in, double mass) {
        half = half_in;
        mass_inverse = 1 / mass;
        inertia_inverse = 6 / (mass * 4 * half * half);
    }
    void orient() {
        const auto [x, y, z, w] = turn;
        axis[0] = {1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)};
        axis[1] = {2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w)};
        axis[2] = {2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)};
    }
    Vec corner(unsigned i) const {
        return at + axis[0] * (i & 1 ? half : -half) + axis[1] * (i & 2 ? half : -half) +
               axis[2] * (i & 4 ? half : -half);
    }
    Vec speed_at(Vec arm) const { return speed + cross(spin, arm); }
    void push(Vec arm, Vec impulse) {
        speed += impulse * mass_inverse;
        spin += cross(arm, impulse) * inertia_inverse;
    }
};

struct Rules {
    double gravity = 9.81, bounce = 0.1, friction = 0.6;
    bool floor = true;
    double still_speed = 0.12, still_spin = 0.2;
    int still_steps = 24; // 0: nothing ever rests
};

class Simulation {
  public:
    explicit Simulation(Rules rules) : rules_(rules) {}

    std::vector<Body> bodies;

    template <class Forces>
    void step(double dt, Forces&& forces) {
        for (Body& body : bodies) {
            body.orient();
            forces(body);
            if (!body.asleep) body.speed.z -= rules_.gravity * dt;
        }
        find_contacts();
        for (int round = 0; round < 10; ++round)
            for (Contact& contact : contacts_) solve(contact, dt);
        for (Body& body : bodies) move(body, dt);
    }

  private:
    struct Contact {
        Body *one, *other; // the other may be the floor: nullptr
        Vec arm, other_arm, normal;
        double depth, bounce, pressed = 0, mass = 0;
        Vec rubbed;
    };

    void find_contacts() {
        contacts_.clear();
        double widest = 0;
        for (const Body& body : bodies) widest = std::max(widest, body.half);
        // Sorted along x, so that only those that may touch are looked at.
        order_.clear();
        for (Body& body : bodies) order_.push_back(&body);
        std::sort(order_.begin(), order_.end(), [](const Body* a, const Body* b) {
            return a->at.x < b->at.x || (a->at.x == b->at.x && a < b);
        });
        for (std::size_t i = 0; i < order_.size(); ++i) {
            Body& one = *order_[i];
            if (rules_.floor && !one.asleep) against_floor(one);
            for (std::size_t j = i + 1; j < order_.size(); ++j) {
                Body& other = *order_[j];
                if (other.at.x - one.at.x > (one.half + widest) * 1.75) break;
                if (one.asleep && other.asleep) continue;
                const Vec apart = other.at - one.at;
                const double reach = (one.half + other.half) * 1.733;
                if (dot(apart, apart) > reach * reach) continue;
                const std::size_t before = contacts_.size();
                corners_in(one, other);
                corners_in(other, one);
                if (contacts_.size() != before) wake(one, other);
            }
        }
        for (Contact& contact : contacts_) prepare(contact);
    }
    void wake(Body& one, Body& other) {
        for (auto [sleeper, waker] : {std::pair(&one, &other), std::pair(&other, &one)})
            if (sleeper->asleep &&
                (dot(waker->speed, waker->speed) > 0.04 || dot(waker->spin, waker->spin) > 0.2)) {
                sleeper->asleep = false;
                sleeper->still = 0;
            }
    }
    void against_floor(Body& body) {
        for (unsigned i = 0; i < 8; ++i)
            if (const Vec at = body.corner(i); at.z < 0)
                contacts_.push_back({&body, nullptr, at - body.at, {}, {0, 0, 1}, -at.z, 0, 0, 0, {}});
    }
    // Corners of `one` inside `other` are pushed out through the nearest face.
    void corners_in(Body& one, Body& other) {
        for (unsigned i = 0; i < 8; ++i) {
            const Vec at = one.corner(i), arm = at - other.at;
            double least = 1e9;
            Vec normal;
            for (const Vec& axis : other.axis) {
                const double along = dot(arm, axis), depth = other.half - std::fabs(along);
                if (depth < 0) {
                    least = -1;
                    break;
                }
                if (depth < least) least = depth, normal = along > 0 ? axis : axis * -1;
            }
            if (least >= 0) contacts_.push_back({&one, &other, at - one.at, arm, normal, least, 0, 0, 0, {}});
        }
    }
    void prepare(Contact& c) {
        const Vec a = cross(c.arm, c.normal);
        double inverse = c.one->mass_inverse + dot(a, a) * c.one->inertia_inverse;
        if (c.other) {
            const Vec b = cross(c.other_arm, c.normal);
            inverse += c.other->mass_inverse + dot(b, b) * c.other->inertia_inverse;
        }
        c.mass = 1 / inverse;
        const double closing = -dot(relative(c), c.normal);
        c.bounce = closing > 0.5 ? closing * rules_.bounce : 0;
    }
    static Vec relative(const Contact& c) {
        const Vec mine = c.one->speed_at(c.arm);
        return c.other ? mine - c.other->speed_at(c.other_arm) : mine;
    }
    static void apply(Contact& c, Vec impulse) {
        if (!c.one->asleep) c.one->push(c.arm, impulse);
        if (c.other && !c.other->asleep) c.other->push(c.other_arm, impulse * -1);
    }
    void solve(Contact& c, double dt) {
        const double push_out = std::max(0.0, c.depth - 0.004) * 0.2 / dt;
        const double wanted =
            (std::max(c.bounce, std::min(push_out, 3.0)) - dot(relative(c), c.normal)) * c.mass;
        const double pressed = std::max(0.0, c.pressed + wanted);
        apply(c, c.normal * (pressed - c.pressed));
        c.pressed = pressed;
        const Vec along = relative(c), slip = along - c.normal * dot(along, c.normal);
        Vec rubbed = c.rubbed - slip * (c.mass * 0.6);
        if (const double size = length(rubbed), most = rules_.friction * c.pressed; size > most)
            rubbed = rubbed * (size > 0 ? most / size : 0);
        apply(c, rubbed - c.rubbed);
        c.rubbed = rubbed;
    }
    void move(Body& body, double dt) {
        if (body.asleep) return;
        body.at += body.speed * dt;
        // The exact turn of a constant spin.
        const double rate = length(body.spin), angle = rate * dt / 2;
        const double share = rate > 1e-9 ? std::sin(angle) / rate : dt / 2;
        Quat& q = body.turn;
        q = Quat{body.spin.x * share, body.spin.y * share, body.spin.z * share, std::cos(angle)} * q;
        const double norm = 1 / std::sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w);
        q = {q.x * norm, q.y * norm, q.z * norm, q.w * norm};
        if (rules_.still_steps == 0) return;
        const bool still = length(body.speed) < rules_.still_speed && rate < rules_.still_spin;
        body.still = still ? body.still + 1 : 0;
        if (body.still < rules_.still_steps) return;
        body.asleep = true;
        body.speed = body.spin = {};
    }

    Rules rules_;
    std::vector<Contact> contacts_;
    std::vector<Body*> order_;
};

} // namespace rigid
