// expect: tenon: a transport has at most eight roads
#include "tenon/transport/memory.hpp"
#include "tenon/transport/several.hpp"

template <class T>
#ifdef SHOULD_FAIL
using Roads = tenon::transport::Several<T, T, T, T, T, T, T, T, T>;
#else
using Roads = tenon::transport::Several<T, T, T, T, T, T, T, T>;
#endif

void sleep(Roads<tenon::transport::Memory>& roads) { roads.wait(tenon::Instant{}); }
