#pragma once
// What a type is to an archive, found by its looks, so that nobody pays for <vector>, <map> or <variant>
// here. The shape and the Bits codec ask form_of<T>() and treat each form in their own way.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/schema/quantized.hpp"

namespace tenon {

// A type may keep its serialize (or save and load) private and write `friend struct tenon::Access;`.
struct Access {
    template <class Archive, class T>
    static auto serialize(Archive& ar, T& value) -> decltype(value.serialize(ar)) {
        return value.serialize(ar);
    }
    template <class Archive, class T>
    static auto save(Archive& ar, const T& value) -> decltype(value.save(ar)) {
        return value.save(ar);
    }
    template <class Archive, class T>
    static auto load(Archive& ar, T& value) -> decltype(value.load(ar)) {
        return value.load(ar);
    }
};

enum class Form : std::uint8_t {
    unsupported,
    boolean,
    integer,
    floating,
    enumeration,
    quantized,
    ranged,
    bounded,
    named,            // cereal::make_nvp: a name and a value
    base,             // cereal::base_class
    member_serialize, // t.serialize(ar)
    member_split,     // t.save(ar) const and t.load(ar)
    free_serialize,   // serialize(ar, t)
    free_split,       // save(ar, const t) and load(ar, t)
    empty,            // a class with nothing in it, such as std::monostate
    array,            // a C array or std::array
    tuple,            // a tuple or a pair
    optional,
    pointer, // std::unique_ptr of a type that is exactly what it points to
    variant,
    string,
    list,      // grows, and its elements lie side by side
    sequence,  // grows at its end
    bool_list, // std::vector<bool>
    set,
    map,
    bitset,
    duration,
    time_point,
    complex,
};

template <class T>
constexpr Form form_of();

// Written by a game's own serialize, save or load.
constexpr bool is_structure(Form form) { return form >= Form::member_serialize && form <= Form::free_split; }

// tenon's own value types inside messages.
template <class Archive>
void serialize(Archive& ar, PeerId& id) {
    ar(id.value);
}
template <class Archive>
void serialize(Archive& ar, Duration& d) {
    ar(d.ns);
}
template <class Archive>
void serialize(Archive& ar, Instant& t) {
    ar(t.ns);
}

namespace detail {

// An archive that takes everything: which functions a type has is asked with it.
struct ProbeArchive {
    using is_loading = std::false_type;
    using is_saving = std::true_type;
    template <class... Args>
    ProbeArchive& operator()(Args&&...) {
        return *this;
    }
    template <class T>
    ProbeArchive& operator&(T&&) {
        return *this;
    }
};

template <class T>
concept MemberSerialize = requires(T& t, ProbeArchive& ar) {
    Access::serialize(ar, t);
};
template <class T>
concept MemberSplit = requires(T& t, const T& c, ProbeArchive& ar) {
    Access::save(ar, c);
    Access::load(ar, t);
};
template <class T>
concept FreeSerialize = requires(T& t, ProbeArchive& ar) {
    serialize(ar, t);
};
template <class T>
concept FreeSplit = requires(T& t, const T& c, ProbeArchive& ar) {
    save(ar, c);
    load(ar, t);
};
template <class T>
concept NameAndValue = requires(T& t) {
    requires std::is_same_v < std::remove_cvref_t<decltype(t.name)>,
    const char* > ;
    t.value;
};
template <class T>
concept BasePointer = requires(T& t) {
    requires std::is_pointer_v<decltype(t.base_ptr)>;
};

template <class T>
concept HasTupleSize = requires {
    { std::tuple_size<T>::value } -> std::convertible_to<std::size_t>;
};
template <class T>
concept Sized = requires(T& t, const T& c) {
    typename T::value_type;
    { c.size() } -> std::convertible_to<std::size_t>;
    t.begin() != t.end();
};
template <class T>
concept ArrayLike = std::is_bounded_array_v<T> ||(HasTupleSize<T>&& Sized<T>);
template <class T>
inline constexpr std::size_t array_size = std::tuple_size<T>::value;
template <class T, std::size_t N>
inline constexpr std::size_t array_size<T[N]> = N;
// A field reached through an archive's argument is written even where the argument is const, as cereal does
// it.
template <class T>
constexpr std::remove_cv_t<T>& strip(T& value) {
    return const_cast<std::remove_cv_t<T>&>(value);
}
template <class T>
concept Growing = Sized<T> && requires(T& t) {
    t.resize(std::size_t{});
    t.clear();
};
template <class T>
concept StringLike = Growing<T> && requires(T& t) {
    typename T::traits_type;
    requires std::is_integral_v<typename T::value_type>;
    { t.data() } -> std::same_as<typename T::value_type*>;
};
template <class T>
concept ListLike = Growing<T> && requires(T& t) {
    { t.data() } -> std::same_as<typename T::value_type*>;
};
template <class T>
concept BoolListLike = Growing<T> && std::is_same_v<typename T::value_type, bool> &&
    !std::is_same_v<typename T::reference, bool&>;
template <class T>
concept SequenceLike = Growing<T> && requires(T& t) {
    t.emplace_back();
    t.back();
};
template <class T>
concept SetLike = Sized<T> && requires(T& t, typename T::key_type&& key) {
    t.insert(std::move(key));
    t.clear();
};
template <class T>
concept MapLike = Sized<T> && requires(T& t, typename T::key_type&& key, typename T::mapped_type&& mapped) {
    t.emplace(std::move(key), std::move(mapped));
    t.clear();
};
template <class T>
concept OptionalLike = requires(T& t, const T& c) {
    typename T::value_type;
    { c.has_value() } -> std::same_as<bool>;
    t.emplace();
    t.reset();
    *t;
};
template <class T>
concept PointerLike = requires(T& t) {
    typename T::element_type;
    typename T::deleter_type;
    { t.release() } -> std::same_as<typename T::element_type*>;
};
template <class... Ts>
struct TypeList {
    static constexpr std::size_t count = sizeof...(Ts);
};
template <class T>
struct AlternativesOf {
    using type = TypeList<>;
};
template <template <class...> class V, class... Ts>
struct AlternativesOf<V<Ts...>> {
    using type = TypeList<Ts...>;
};
template <class T>
using alternatives = typename AlternativesOf<T>::type;
template <class T>
concept VariantLike = alternatives<T>::count != 0 && requires(T& t, const T& c) {
    { c.index() } -> std::same_as<std::size_t>;
    c.valueless_by_exception();
    t.template emplace<0>();
};
template <class T>
concept BitsetLike = requires(T& t, const T& c) {
    { c.test(std::size_t{}) } -> std::same_as<bool>;
    t.set(std::size_t{}, true);
    t.flip();
    c.size();
};
template <class T>
concept DurationLike = requires(const T& c) {
    typename T::rep;
    T::period::num;
    { c.count() } -> std::same_as<typename T::rep>;
};
template <class T>
concept TimePointLike = requires(const T& c) {
    typename T::clock;
    { c.time_since_epoch() } -> std::same_as<typename T::duration>;
};
template <class T>
concept ComplexLike = requires(const T& c) {
    typename T::value_type;
    { c.real() } -> std::same_as<typename T::value_type>;
    { c.imag() } -> std::same_as<typename T::value_type>;
    T(c.real(), c.imag());
};

template <class T>
constexpr Form scalar_form() {
    if constexpr (std::is_same_v<T, bool>)
        return Form::boolean;
    else if constexpr (std::is_integral_v<T>)
        return sizeof(T) <= 8 ? Form::integer : Form::unsupported;
    else if constexpr (std::is_floating_point_v<T>)
        return sizeof(T) <= 8 ? Form::floating : Form::unsupported;
    else if constexpr (std::is_enum_v<T>)
        return Form::enumeration;
    else
        return Form::unsupported;
}

template <class T>
constexpr Form written_form() {
    if constexpr (is_quantized<T>)
        return Form::quantized;
    else if constexpr (is_ranged<T>)
        return Form::ranged;
    else if constexpr (is_bounded<T>)
        return Form::bounded;
    else if constexpr (MemberSerialize<T>)
        return Form::member_serialize;
    else if constexpr (MemberSplit<T>)
        return Form::member_split;
    else if constexpr (NameAndValue<T>)
        return Form::named;
    else if constexpr (BasePointer<T>)
        return Form::base;
    else if constexpr (FreeSerialize<T>)
        return Form::free_serialize;
    else if constexpr (FreeSplit<T>)
        return Form::free_split;
    else
        return Form::unsupported;
}

template <class T>
constexpr Form container_form() {
    if constexpr (StringLike<T>)
        return Form::string;
    else if constexpr (BoolListLike<T>)
        return Form::bool_list;
    else if constexpr (ListLike<T>)
        return Form::list;
    else if constexpr (SequenceLike<T>)
        return Form::sequence;
    else if constexpr (MapLike<T>)
        return Form::map;
    else if constexpr (SetLike<T>)
        return Form::set;
    else
        return Form::unsupported;
}

template <class T>
constexpr Form value_form() {
    if constexpr (OptionalLike<T>)
        return Form::optional;
    else if constexpr (VariantLike<T>)
        return Form::variant;
    else if constexpr (PointerLike<T>)
        return std::is_polymorphic_v<typename T::element_type> ? Form::unsupported : Form::pointer;
    else if constexpr (BitsetLike<T>)
        return Form::bitset;
    else if constexpr (DurationLike<T>)
        return Form::duration;
    else if constexpr (TimePointLike<T>)
        return Form::time_point;
    else if constexpr (ComplexLike<T>)
        return Form::complex;
    else if constexpr (std::is_empty_v<T> && std::is_default_constructible_v<T>)
        return Form::empty;
    else
        return Form::unsupported;
}

} // namespace detail

template <class T>
constexpr Form form_of() {
    using Bare = std::remove_cv_t<T>;
    if constexpr (std::is_scalar_v<Bare>)
        return detail::scalar_form<Bare>();
    else if constexpr (std::is_bounded_array_v<Bare>)
        return Form::array;
    else if constexpr (constexpr Form written = detail::written_form<Bare>(); written != Form::unsupported)
        return written;
    else if constexpr (detail::ArrayLike<Bare>)
        return Form::array;
    else if constexpr (detail::HasTupleSize<Bare>)
        return Form::tuple;
    else if constexpr (constexpr Form container = detail::container_form<Bare>();
                       container != Form::unsupported)
        return container;
    else
        return detail::value_form<Bare>();
}

template <class T>
concept Serializable = form_of<T>()
!= Form::unsupported;

} // namespace tenon
