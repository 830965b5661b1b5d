// expect: tenon: a repair spans at most 32 chunks
#include "tenon/reliability/redundant.hpp"

#ifdef SHOULD_FAIL
constexpr bool redundant = tenon::reliability::Redundant<64>::traits.redundant;
#else
constexpr bool redundant = tenon::reliability::Redundant<32>::traits.redundant;
#endif
