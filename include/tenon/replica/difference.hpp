#pragma once
// Where two states of one simulation differ first: the type, the entity and the way to the field, found by
// walking serialize over both. A room's lockstep asks after a desync.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/codec/binary.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/schema/form.hpp"
#include "tenon/schema/shape.hpp"

namespace tenon {

// A text of bounded length, held in place.
struct FieldText {
    static constexpr std::size_t bytes_max = 120;
    char text[bytes_max] = {};
    std::uint8_t size = 0;

    FieldText() = default;
    explicit FieldText(std::string_view from) { add(from); }
    void add(std::string_view piece) {
        const std::size_t room = bytes_max - size, count = piece.size() < room ? piece.size() : room;
        copy(reinterpret_cast<std::byte*>(text) + size, bytes_of(piece.substr(0, count)));
        size = static_cast<std::uint8_t>(size + count);
    }
    void add(std::uint64_t number) {
        char digits[24];
        const int count =
            std::snprintf(digits, sizeof digits, "%llu", static_cast<unsigned long long>(number));
        add(std::string_view(digits, static_cast<std::size_t>(count)));
    }
    std::string_view view() const { return {text, size}; }
    // What others wrote must not steer a terminal.
    void make_printable() {
        for (char& c : text)
            if (c < ' ' || c == 127) c = c == 0 ? c : '?';
    }
};

struct Difference {
    FieldText type;                   // of the structure that holds the field
    std::uint64_t entity = no_entity; // its place in the container that holds it, or its key there
    FieldText field;                  // the way there, such as "Battle.1[17] Unit.2"
    static constexpr std::uint64_t no_entity = UINT64_MAX;

    bool found() const { return field.size != 0; }
};

namespace detail {

// The fields' hashes in their order; on the second walk, the first that is another.
class FieldWalk {
  public:
    using is_loading = std::false_type;
    using is_saving = std::true_type;
    static constexpr std::size_t depth_max = 12;

    explicit FieldWalk(Ring<std::uint32_t>& hashes, bool compares) : hashes_(hashes), compares_(compares) {}

    template <class... Args>
    FieldWalk& operator()(Args&&... args) {
        (field(args), ...);
        return *this;
    }
    template <class T>
    FieldWalk& operator&(T&& value) {
        field(value);
        return *this;
    }
    template <class T>
    void root(T& value) {
        push(stable_name<T>(), Difference::no_entity);
        value.serialize(*this);
        --depth_;
    }
    const Difference& found() const { return found_; }

  private:
    struct Frame {
        std::string_view type;
        std::uint64_t entity = Difference::no_entity;
        std::uint32_t field = 0;
        std::string_view name; // of the field, where the game gives one
    };

    void push(std::string_view type, std::uint64_t entity) {
        if (depth_ < depth_max) frames_[depth_] = {type, entity, 0, {}};
        ++depth_;
    }
    template <class T>
    void field(T& value) {
        walk(value, Difference::no_entity);
        if (depth_ <= depth_max) ++frames_[depth_ - 1].field;
    }
    template <class T>
    void walk(T& value, std::uint64_t entity) {
        if (found_.found()) return;
        using Plain = std::remove_cvref_t<T>;
        constexpr Form form = form_of<Plain>();
        if constexpr (form == Form::quantized || form == Form::ranged || form == Form::bounded) {
            walk(tenon::detail::strip(value.value), entity);
        } else if constexpr (form == Form::named) {
            if (depth_ <= depth_max) frames_[depth_ - 1].name = value.name;
            walk(tenon::detail::strip(value.value), entity);
            if (depth_ <= depth_max) frames_[depth_ - 1].name = {};
        } else if constexpr (form == Form::base) {
            walk(*value.base_ptr, entity);
        } else if constexpr (is_structure(form)) {
            structure(const_cast<Plain&>(value), entity);
        } else if constexpr (form == Form::list || form == Form::sequence || form == Form::set) {
            leaf(static_cast<std::uint64_t>(value.size()), Difference::no_entity);
            std::uint64_t i = 0;
            for (auto& element : value) walk(element, i++);
        } else if constexpr (form == Form::map) {
            leaf(static_cast<std::uint64_t>(value.size()), Difference::no_entity);
            std::uint64_t i = 0;
            for (auto& [key, mapped] : value) {
                leaf(key, i);
                walk(mapped, key_of(key, i++));
            }
        } else if constexpr (form == Form::array) {
            std::uint64_t i = 0;
            for (auto& element : value) walk(element, i++);
        } else if constexpr (form == Form::optional || form == Form::pointer) {
            const bool there = static_cast<bool>(value);
            leaf(there, entity);
            if (there) walk(*value, entity);
        } else {
            leaf(value, entity);
        }
    }
    template <class T>
    void structure(T& value, std::uint64_t entity) {
        constexpr Form form = form_of<T>();
        push(stable_name<T>(), entity);
        if constexpr (form == Form::member_serialize)
            Access::serialize(*this, value);
        else if constexpr (form == Form::member_split)
            Access::save(*this, std::as_const(value));
        else if constexpr (form == Form::free_serialize)
            serialize(*this, value);
        else
            save(*this, std::as_const(value));
        --depth_;
    }
    template <class K>
    static std::uint64_t key_of(const K& key, std::uint64_t otherwise) {
        if constexpr (std::is_integral_v<K>)
            return static_cast<std::uint64_t>(key);
        else if constexpr (std::is_same_v<K, PeerId>)
            return key.value;
        else
            return otherwise;
    }

    template <class T>
    void leaf(const T& value, std::uint64_t entity) {
        if (found_.found()) return;
        const std::uint32_t hash = hash_of(value);
        if (!compares_) {
            (void)hashes_.push_back(hash);
            return;
        }
        if (at_ < hashes_.size() && hashes_[at_] == hash) return void(++at_);
        describe(entity);
    }
    template <class T>
    std::uint32_t hash_of(const T& value) {
        constexpr Form form = form_of<T>();
        if constexpr (form == Form::string) {
            using Unit = typename T::value_type;
            return static_cast<std::uint32_t>(
                hash64({reinterpret_cast<const std::byte*>(value.data()), value.size() * sizeof(Unit)}, 1));
        } else {
            std::byte bytes[256];
            codec::BinaryOut out(bytes);
            out(value);
            const auto size = out.finish();
            return static_cast<std::uint32_t>(hash64(BytesIn(bytes, size ? *size : 0)));
        }
    }
    // The innermost structure that is one of several names the type and the entity.
    void describe(std::uint64_t entity) {
        const std::size_t depth = depth_ < depth_max ? depth_ : depth_max;
        std::size_t named = depth - 1;
        while (named != 0 && frames_[named].entity == Difference::no_entity) --named;
        if (frames_[named].entity == Difference::no_entity) named = depth - 1;
        found_.type = FieldText(frames_[named].type);
        found_.entity = frames_[named].entity != Difference::no_entity ? frames_[named].entity : entity;
        for (std::size_t i = 0; i < depth; ++i) {
            if (frames_[i].entity != Difference::no_entity) index(frames_[i].entity);
            if (i != 0) found_.field.add(" ");
            found_.field.add(frames_[i].type);
            found_.field.add(".");
            if (frames_[i].name.empty())
                found_.field.add(std::uint64_t(frames_[i].field));
            else
                found_.field.add(frames_[i].name);
        }
        if (entity != Difference::no_entity) index(entity);
    }
    void index(std::uint64_t entity) {
        found_.field.add("[");
        found_.field.add(entity);
        found_.field.add("]");
    }

    Ring<std::uint32_t>& hashes_;
    bool compares_;
    std::size_t at_ = 0, depth_ = 0;
    Frame frames_[depth_max];
    Difference found_;
};

} // namespace detail

// Reads both states into the game, one after the other, and leaves it as the second. Of names that are alike
// nothing is said when the states are the same, or can't be read.
template <class Game>
Difference first_difference(Game& game, BytesIn right, BytesIn wrong) {
    const auto load = [&](BytesIn from) {
        codec::BinaryIn in(from);
        game.serialize(in);
        return bool(in.finish());
    };
    Ring<std::uint32_t> hashes;
    detail::FieldWalk first(hashes, false), second(hashes, true);
    if (!load(right)) return {};
    first.root(game);
    if (!load(wrong)) return {};
    second.root(game);
    return second.found();
}

} // namespace tenon
