#pragma once
// Every way in which something outside can go wrong, with a name and a sentence, and Result, which carries
// one of them or a value. Errors are values: nothing on the data path throws.

#include <cstdint>
#include <string_view>
#include <utility>

namespace tenon {

enum class Error : std::uint8_t {
    none = 0,
    // Addresses and sockets.
    bad_address,
    unknown_host,
    port_in_use,
    not_permitted,
    unreachable,
    system,
    closed,
    // Meeting.
    not_connected,
    already_open,
    timed_out,
    refused,
    room_full,
    wrong_game,
    wrong_room,
    version_mismatch,
    schema_mismatch,
    codec_mismatch,
    kicked,
    left,
    // Sending.
    unknown_peer,
    too_large,
    queue_full,
    gave_up,
    // Bytes from outside.
    truncated,
    malformed,
    over_bound,
    trailing_bytes,
    bad_checksum,
    unknown_message,
    stale,
    duplicate,
    flooded,
    missing_field,
    unknown_field,
    cant_resume,
    // Halls.
    room_taken,
    hall_full,
    // A simulation that all run alike.
    desynced,
    // Rooms that choose their authority.
    forged_claim,
    old_epoch,
    not_authority,
    // A world that is replicated.
    missing_baseline,
    diverged,
    too_early,
    interest_too_wide,
    // Words on a bus.
    forged_presence,
    // Entities.
    unknown_entity,
    // Keys, and what they sign and seal.
    forged,
    nonce_reused,
    key_spent,
    expired,
    unknown_key,
    key_changed,
    file_missing,
    file_exists,
    file_exposed,
    file_refused,
    wrong_server,
    token_spent,
    tokens_full,
    wrong_algorithm,
    wrong_issuer,
    wrong_audience,
    encryption_mismatch,
    // Roles.
    forbidden,
    unknown_role,
    connection_lost,
    // Limits.
    banned,
    undecodable,
    // Pages.
    cant_listen,
    // Roads.
    datagrams_mismatch,
};

inline constexpr std::uint8_t error_count = static_cast<std::uint8_t>(Error::datagrams_mismatch) + 1;

struct ErrorText {
    std::string_view name, sentence;
};

constexpr ErrorText describe(Error error) {
    switch (error) {
        case Error::none:
            return {"none", "Nothing went wrong."};
        case Error::bad_address:
            return {"bad_address",
                    "The address can't be read: write HOST:PORT, 192.0.2.1:PORT or [2001:db8::1]:PORT."};
        case Error::unknown_host:
            return {"unknown_host",
                    "The host's name is not known: check its spelling and this machine's name service."};
        case Error::port_in_use:
            return {"port_in_use",
                    "Another program holds this port: choose another, or port 0 for a free one."};
        case Error::not_permitted:
            return {"not_permitted",
                    "The system does not allow this port or address: ports below 1024 need a privilege."};
        case Error::unreachable:
            return {"unreachable", "No route leads to this address from here."};
        case Error::system:
            return {
                "system",
                "The operating system refused for a reason of its own; transport.system_error() holds it."};
        case Error::closed:
            return {"closed", "The socket or the session is closed."};
        case Error::not_connected:
            return {"not_connected",
                    "There is no connection: host() or join() first, and wait for PeerJoined."};
        case Error::already_open:
            return {"already_open", "This session hosts or has joined a room: leave() first."};
        case Error::timed_out:
            return {"timed_out", "The other side has not been heard for too long."};
        case Error::refused:
            return {"refused", "The server refused the connection."};
        case Error::room_full:
            return {"room_full",
                    "The room has as many peers as its host allows: try later, or raise Options::peers_max "
                    "there."};
        case Error::wrong_game:
            return {"wrong_game", "The server plays another game."};
        case Error::wrong_room:
            return {"wrong_room", "The server has no room of this name."};
        case Error::version_mismatch:
            return {"version_mismatch",
                    "The server speaks another version of tenon's protocol, or holds another version of this "
                    "game: update the older."};
        case Error::schema_mismatch:
            return {"schema_mismatch",
                    "The two builds disagree on a type of the game: rebuild both from the same source."};
        case Error::codec_mismatch:
            return {"codec_mismatch",
                    "The two sides encode with different codecs: give both the same profile."};
        case Error::cant_resume:
            return {
                "cant_resume",
                "The host does not keep this place any more, or somebody else came back to it: join anew."};
        case Error::kicked:
            return {"kicked", "The server ended the connection."};
        case Error::left:
            return {"left", "The other side left in good order."};
        case Error::unknown_peer:
            return {"unknown_peer", "No peer of this id is in the room: it may have just left."};
        case Error::too_large:
            return {"too_large",
                    "The message, or what the host may send, is larger than Options::message_bytes_max."};
        case Error::queue_full:
            return {
                "queue_full",
                "The queue to this peer is full: send less, or later, or raise Options::queue_bytes_max."};
        case Error::gave_up:
            return {"gave_up",
                    "The event was sent as often as its policy allows and was never acknowledged."};
        case Error::truncated:
            return {"truncated", "The bytes end before the message does."};
        case Error::malformed:
            return {"malformed", "The bytes are not what their type allows."};
        case Error::over_bound:
            return {"over_bound", "A length or a value is over its declared bound."};
        case Error::trailing_bytes:
            return {"trailing_bytes", "Bytes are left over after the message."};
        case Error::bad_checksum:
            return {
                "bad_checksum",
                "The checksum is wrong: damaged on the way, of another build, or not meant for this link."};
        case Error::unknown_message:
            return {"unknown_message", "The message's type is not one of this game's."};
        case Error::stale:
            return {"stale", "Something newer has arrived before it."};
        case Error::duplicate:
            return {"duplicate", "It has arrived before."};
        case Error::flooded:
            return {"flooded", "The other side sends more than it may."};
        case Error::missing_field:
            return {"missing_field", "A field that the message needs is not there."};
        case Error::unknown_field:
            return {"unknown_field",
                    "A field is there that the message does not have, or it is there twice."};
        case Error::room_taken:
            return {"room_taken",
                    "The hall has a room of this name for this game already: choose another, or close() it."};
        case Error::hall_full:
            return {"hall_full",
                    "The hall has as many rooms as it may: close some, or raise "
                    "HallOptions::rooms_max."};
        case Error::desynced:
            return {"desynced",
                    "The simulation came out differently than it did elsewhere: something in it depends on "
                    "more than its inputs."};
        case Error::forged_claim:
            return {"forged_claim",
                    "A word about who decides in the room came from nobody who is in it, or "
                    "from a peer whom nobody has chosen."};
        case Error::old_epoch:
            return {"old_epoch",
                    "A word about who decides in the room is of a time before the present authority's."};
        case Error::not_authority:
            return {"not_authority",
                    "Only the peer that decides in the room can do this: authority() tells who."};
        case Error::missing_baseline:
            return {"missing_baseline",
                    "The snapshot builds on one that is not here: it was lost, or is too long ago."};
        case Error::diverged:
            return {"diverged",
                    "The snapshot, once decoded, is not what its sender had: ask for the whole state again."};
        case Error::too_early:
            return {"too_early", "It speaks of a time that has not come yet."};
        case Error::interest_too_wide:
            return {
                "interest_too_wide",
                "The client asks to see more of the world than it may: raise InterestOptions::radius_max, "
                "or look less far."};
        case Error::unknown_entity:
            return {"unknown_entity", "No entity of this id is known here: it may have just gone."};
        case Error::forged_presence:
            return {"forged_presence",
                    "A word on the bus speaks for a room or a peer and was not said by it."};
        case Error::forged:
            return {"forged",
                    "The bytes are not what their sender sealed or signed: they were forged, damaged on the "
                    "way, or made for another key."};
        case Error::nonce_reused:
            return {"nonce_reused",
                    "A packet of this number has been sealed before, and sealing another would betray both: "
                    "every packet needs a number of its own."};
        case Error::key_spent:
            return {"key_spent",
                    "The keys of this link have been used as far as is safe: connect again for new ones."};
        case Error::expired:
            return {"expired",
                    "The time that it was good for is over: get a new one, and see that this machine's clock "
                    "is right."};
        case Error::unknown_key:
            return {"unknown_key",
                    "Nobody has said that this key is to be trusted: pin it, or have it signed."};
        case Error::key_changed:
            return {"key_changed",
                    "The key is another than the one that was known under this name: somebody stands "
                    "between, or the server was set up anew and its old key must be forgotten here."};
        case Error::file_missing:
            return {"file_missing", "There is no such file, or no folder for it."};
        case Error::file_exists:
            return {"file_exists",
                    "The file is there already, and a key is never written over: choose another name, or "
                    "move it away."};
        case Error::file_exposed:
            return {"file_exposed",
                    "Others than its owner can read or change the file, or it is no plain file of yours: "
                    "chmod 600 it, and make a new key if somebody may have read it."};
        case Error::file_refused:
            return {"file_refused",
                    "The system does not let this program read or write the file: see who owns it and its "
                    "folder, and whether there is room."};
        case Error::wrong_server:
            return {"wrong_server", "The token is for other servers than this one."};
        case Error::token_spent:
            return {"token_spent", "The token has been used before: get a new one for each connection."};
        case Error::tokens_full:
            return {"tokens_full",
                    "The server remembers as many used tokens as it may: try again when some have expired."};
        case Error::wrong_algorithm:
            return {"wrong_algorithm", "It is signed in a way that is not accepted here, or not at all."};
        case Error::wrong_issuer:
            return {"wrong_issuer", "It was issued by somebody else than this server listens to."};
        case Error::wrong_audience:
            return {"wrong_audience", "It was issued for another service than this one."};
        case Error::encryption_mismatch:
            return {
                "encryption_mismatch",
                "One side encrypts and the other does not, or not in the same way: use the same transport "
                "on both, and the same build."};
        case Error::forbidden:
            return {
                "forbidden",
                "The peer's role may not say this: the authority gives another with set_role, and the Roles "
                "of the game list what each may say."};
        case Error::unknown_role:
            return {"unknown_role",
                    "The game has no role of this name: its Roles list those that there are."};
        case Error::connection_lost:
            return {
                "connection_lost",
                "The connection could not be made, or broke: see that the host is there, and join again."};
        case Error::banned:
            return {"banned", "The server lets this player in no more, or not yet: it says until when."};
        case Error::undecodable:
            return {"undecodable",
                    "Too many messages of the other side can't be decoded: it is another build than it says, "
                    "or means harm."};
        case Error::cant_listen:
            return {"cant_listen",
                    "Nobody can connect to a web page, so it can't be a host: let it join one, and run the "
                    "host as a program of its own."};
        case Error::datagrams_mismatch:
            return {"datagrams_mismatch",
                    "One side's transport carries datagrams beside its stream and the other's does not: give "
                    "both the same transport, with the same options."};
    }
    return {"unknown", "An error of an unknown number."};
}
constexpr std::string_view name(Error error) { return describe(error).name; }
constexpr std::string_view sentence(Error error) { return describe(error).sentence; }

// Either a value or the Error that stood in its way.
template <class T = void>
class [[nodiscard]] Result {
  public:
    constexpr Result(T value) : value_(std::move(value)) {}
    constexpr Result(Error error) : error_(error) {}

    constexpr explicit operator bool() const { return error_ == Error::none; }
    constexpr Error error() const { return error_; }
    constexpr T& operator*() { return value_; }
    constexpr const T& operator*() const { return value_; }
    constexpr T* operator->() { return &value_; }
    constexpr const T* operator->() const { return &value_; }
    constexpr T value_or(T other) const { return *this ? value_ : std::move(other); }

  private:
    T value_{};
    Error error_ = Error::none;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    constexpr Result() = default;
    constexpr Result(Error error) : error_(error) {}

    constexpr explicit operator bool() const { return error_ == Error::none; }
    constexpr Error error() const { return error_; }

  private:
    Error error_ = Error::none;
};

} // namespace tenon
