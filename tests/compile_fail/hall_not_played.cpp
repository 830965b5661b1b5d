// expect: tenon: the Hall does not play this session; add a Plays of it
#include "hall_net.hpp"

#ifdef SHOULD_FAIL
using Asked = Net<"chess">;
#else
using Asked = Net<"arena">;
#endif
void open_rooms(tenon::Hall<tenon::Plays<Net<"arena">, Keeper>>& hall) {
    (void)hall.host<Asked>({.room = "red"});
}
