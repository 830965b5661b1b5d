// expect: tenon: Every says after how many chunks a repair is sent
#include "tenon/reliability/redundant.hpp"

#ifdef SHOULD_FAIL
constexpr bool redundant = tenon::reliability::Redundant<8, 0>::traits.redundant;
#else
constexpr bool redundant = tenon::reliability::Redundant<8, 1>::traits.redundant;
#endif
