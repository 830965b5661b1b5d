// expect: tenon: a game has at most 4096 types
#include "tenon/schema/game.hpp"

template <std::size_t I>
struct Type {
    void serialize(auto&) {}
};
#ifdef SHOULD_FAIL
constexpr std::size_t count = 4097;
#else
constexpr std::size_t count = 40;
#endif
template <std::size_t... I>
constexpr bool checked(std::index_sequence<I...>) {
    return tenon::detail::CheckGame<tenon::Event<Type<I>>...>::ok;
}

bool ok = checked(std::make_index_sequence<count>());
