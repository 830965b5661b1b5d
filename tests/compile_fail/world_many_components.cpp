// expect: tenon: a world has at most 16 types of Component: put some of them into one
#include "tenon/replica/world.hpp"

template <int number>
struct Part {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
template <int number>
using One = tenon::Component<Part<number>>;

#ifdef SHOULD_FAIL
using Parts = tenon::Game<"g", 1, One<0>, One<1>, One<2>, One<3>, One<4>, One<5>, One<6>, One<7>, One<8>,
                          One<9>, One<10>, One<11>, One<12>, One<13>, One<14>, One<15>, One<16>>;
#else
using Parts = tenon::Game<"g", 1, One<0>, One<1>, One<2>, One<3>, One<4>, One<5>, One<6>, One<7>, One<8>,
                          One<9>, One<10>, One<11>, One<12>, One<13>, One<14>, One<15>>;
#endif

tenon::World<Parts> world;
