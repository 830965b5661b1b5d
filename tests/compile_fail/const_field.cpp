// expect: tenon: a message's serialize or load reads into a const field
#include "tenon/codec/bits.hpp"

struct Crew {
#ifdef SHOULD_FAIL
    const int size = 0;
#else
    int size = 0;
#endif
    void serialize(auto& ar) { ar(size); }
};

tenon::Decoded read(tenon::BytesIn bytes, Crew& crew) { return tenon::codec::Bits::decode(bytes, crew); }
