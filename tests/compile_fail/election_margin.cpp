// expect: tenon: without a margin two peers of like merit would hand the room to and fro; give
#include "tenon/topology/election.hpp"

#ifdef SHOULD_FAIL
tenon::topology::ByMerit<0> rule;
#else
tenon::topology::ByMerit<1> rule;
#endif
