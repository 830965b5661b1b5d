#!/bin/sh
# Builds the examples in release and plays the arena: until q on a terminal. Elsewhere it first lets the minimal game,
# the chat, the studio and the profiles play by themselves over loopback, then the arena for ten seconds. Arguments go
# to the arena: sh examples/run.sh --bots 4 --impair loss=5,delay=50. With --web it builds the arena as a web page
# instead, and serves it. The last line is `N passed, N failed`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/setup.sh"

passed=0
failed=0
# count WHAT STATUS
count() {
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
        say "passed: $1"
    else
        failed=$((failed + 1))
        say "FAILED: $1 (status $2)"
    fi
}
finish() {
    say "$passed passed, $failed failed"
    [ "$failed" = 0 ] || exit 1
    exit 0
}

case " $* " in *" --web "*) web=web ;; *) web= ;; esac
# shellcheck disable=SC2086
setup build $web
built=0
targets=${web:+examples/web_server}
# shellcheck disable=SC2086
configure release -Dbuildtype=release -Dtests=disabled -Dbench=disabled && compile release $targets || built=$?
count "the build of the examples" "$built"
[ "$built" = 0 ] || finish

examples=$builds/release/examples
logs=$builds/release/played
mkdir -p "$logs"

# Nothing here may wait for ever.
limited() { if have timeout; then timeout 30 "$@"; else "$@"; fi; }
# await FILE TEXT: true as soon as the file holds the text.
await() {
    tries=100
    until grep -qF -- "$2" "$logs/$1" 2>/dev/null; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ]; then
            say "$1 does not say: $2"
            return 1
        fi
        sleep 0.05
    done
}

# One hosts, another joins, flies three seconds, fires and leaves; the host hears it all and ends.
play_minimal() {
    limited "$examples/minimal" >"$logs/minimal-host" &
    host=$!
    sleep 0.2
    status=0
    limited "$examples/minimal" 127.0.0.1:4000 >"$logs/minimal-join" || status=1
    wait "$host" || status=1
    tail -n 1 "$logs/minimal-host"
    [ "$status" = 0 ] && await minimal-host " and 1 shots"
}

# A host with a new key, a guest who pins that key, and one who was given another. Nobody else may read the key's file.
whisper() {
    rm -f "$logs/whisper.key" "$logs/other.key"
    for name in whisper other; do
        : >"$logs/$name-host"
        limited "$examples/whisper" host 0 "$logs/$name.key" >"$logs/$name-host" &
        await "$name-host" "hosting port" || return 1
    done
    port=$(sed -n 's/^hosting port \([0-9]*\) as .*/\1/p' "$logs/whisper-host")
    key=$(sed -n 's/^hosting port .* as //p' "$logs/whisper-host")
    other=$(sed -n 's/^hosting port .* as //p' "$logs/other-host")
    ! limited "$examples/whisper" join "127.0.0.1:$port" "$other" hello >"$logs/whisper-deceived" || return 1
    await whisper-deceived "The key is another" || return 1
    limited "$examples/whisper" join "127.0.0.1:$port" "$key" hello >"$logs/whisper-join" || return 1
    await whisper-host "says: hello" && await whisper-join "$key says: I heard hello" || return 1
    chmod 644 "$logs/whisper.key"
    ! limited "$examples/whisper" host 0 "$logs/whisper.key" >"$logs/whisper-exposed" || return 1
    await whisper-exposed "chmod 600"
}

# Who is first hosts; the other finds it, and both hear each other, in a room of this run's own: others may
# play in the same network.
neighbours() {
    rm -f "$logs/dot.in" "$logs/eve.in"
    mkfifo "$logs/dot.in" "$logs/eve.in"
    exec 6<>"$logs/dot.in" 7<>"$logs/eve.in"
    limited "$examples/lan_chat" dot "run $$" <&6 >"$logs/dot" &
    await dot "hosting" || return 1
    limited "$examples/lan_chat" eve "run $$" <&7 >"$logs/eve" &
    await eve "found at" && await dot "eve is here" || return 1
    echo "hello from dot" >&6
    echo "hello from eve" >&7
    await eve "<dot> hello from dot" && await dot "<eve> hello from eve" || return 1
    echo /quit >&7
    echo /quit >&6
    exec 6>&- 7>&-
}

# Three people: each hears what the others say. A fourth finds the room full, a fifth the port taken.
start_chat() {
    rm -f "$logs"/*.in
    mkfifo "$logs/ann.in" "$logs/bob.in" "$logs/cyd.in"
    exec 3<>"$logs/ann.in" 4<>"$logs/bob.in" 5<>"$logs/cyd.in"
    : >"$logs/ann" && : >"$logs/bob" && : >"$logs/cyd"
    limited "$examples/chat" host 0 ann 2 <&3 >"$logs/ann" &
    ann=$!
    await ann "hosting port" || true
    port=$(sed -n 's/.*hosting port //p' "$logs/ann")
    limited "$examples/chat" join "127.0.0.1:$port" bob <&4 >"$logs/bob" &
    bob=$!
    limited "$examples/chat" join "127.0.0.1:$port" cyd <&5 >"$logs/cyd" &
    cyd=$!
}
talk() {
    await bob "cyd is here" && await cyd "bob is here" && await ann "bob is here" && await ann "cyd is here" || return 1
    echo "hello from ann" >&3
    echo "hello from bob" >&4
    echo "hello from cyd" >&5
    for person in bob cyd; do await "$person" "<ann> hello from ann" || return 1; done
    for person in ann cyd; do await "$person" "<bob> hello from bob" || return 1; done
    for person in ann bob; do await "$person" "<cyd> hello from cyd" || return 1; done
}
# refused TEXT ARGUMENTS...: the chat ends with an error and says this.
refused() {
    text=$1
    shift
    ! limited "$examples/chat" "$@" </dev/null >"$logs/refused" || return 1
    await refused "$text"
}
refusals() {
    refused "room has as many peers" join "127.0.0.1:$port" dan &&
        refused "Another program holds this port" host "$port" &&
        refused "address can't be read" join "nonsense"
}
# From another port, as after a change of network: the same person to everybody.
move() {
    echo /move >&4
    await bob "moved to port" || return 1
    echo "still bob" >&4
    echo "and cyd" >&5
    for person in ann cyd; do await "$person" "<bob> still bob" || return 1; done
    await bob "<cyd> and cyd"
}
part() {
    echo /quit >&5
    wait "$cyd" && await ann "cyd is gone: left" && await bob "cyd is gone: left" || return 1
    echo /quit >&3
    wait "$ann" && wait "$bob" && await bob "left in good order"
}

# A host, and two who come in as viewers: each may do what its role says, and no more.
start_studio() {
    for person in sam tess uma; do
        rm -f "$logs/$person.in"
        mkfifo "$logs/$person.in"
        : >"$logs/$person"
    done
    exec 3<>"$logs/sam.in" 4<>"$logs/tess.in" 5<>"$logs/uma.in"
    limited "$examples/studio" host 0 sam <&3 >"$logs/sam" &
    sam=$!
    await sam "hosting port" || true
    port=$(sed -n 's/.*hosting port //p' "$logs/sam")
    limited "$examples/studio" join "127.0.0.1:$port" tess <&4 >"$logs/tess" &
    tess=$!
    limited "$examples/studio" join "127.0.0.1:$port" uma <&5 >"$logs/uma" &
    uma=$!
}
draw() {
    await tess "uma is here" && await uma "tess is here" || return 1
    await sam "uma is here" && await sam "tess is here" || return 1
    echo "draw 1 2 x" >&4
    await tess "not said: The peer's role may not say this" || return 1
    echo "role tess editor" >&3
    for person in sam tess uma; do await "$person" "tess is editor now, and was viewer" || return 1; done
    echo "draw 3 2 y" >&4
    for person in sam uma; do await "$person" "tess draws y at 3 2" || return 1; done
    ! grep -qF "draws x" "$logs/sam" "$logs/uma" || return 1
    echo "role uma owner" >&3
    await sam "has no role of this name"
}
# An admin has the host give roles; an editor may not ask for it.
rule() {
    echo "role uma admin" >&4
    echo "role uma admin" >&3
    await uma "uma is admin now" || return 1
    echo "wipe" >&5
    for person in sam tess; do await "$person" "uma wipes all" || return 1; done
    echo "role tess viewer" >&5
    for person in sam tess uma; do await "$person" "tess is viewer now, and was editor" || return 1; done
    echo "draw 5 2 z" >&4
    echo "/who" >&5
    await uma "sam: admin" && await uma "tess: viewer" || return 1
    ! grep -qF "draws z" "$logs/sam" "$logs/uma" || return 1
    ! grep -qF "role forbids" "$logs/sam" || return 1
    for person in 3 4 5; do eval "echo /quit >&$person"; done
    wait "$tess" && wait "$uma" && wait "$sam" || return 1
    [ "$(grep -cF "not said: The peer's role may not say this" "$logs/tess")" = 3 ]
}

# Two peers fight in lockstep, the second from a later tick on: both come to the same, and so do their recordings.
skirmish() {
    limited "$examples/lockstep" --listen 4003 --seconds 6 --record "$logs/host.rec" >"$logs/lockstep-host" &
    host=$!
    sleep 1
    status=0
    limited "$examples/lockstep" --join 127.0.0.1:4003 --record "$logs/join.rec" >"$logs/lockstep-join" || status=1
    wait "$host" || status=1
    tail -n 2 "$logs/lockstep-host"
    tail -n 2 "$logs/lockstep-join"
    [ "$status" = 0 ] || return 1
    ended=$(sed -n 's/^ended: //p' "$logs/lockstep-host")
    await lockstep-join "ended: $ended" && await lockstep-join "every tick as recorded" &&
        await lockstep-host "every tick as recorded" || return 1
    head -c 2000 "$logs/host.rec" >"$logs/cut.rec"
    ! limited "$examples/lockstep" --replay "$logs/cut.rec" >"$logs/lockstep-cut" || return 1
    await lockstep-cut "The bytes end before the message does"
}

# Each plays one profile on loopback, checks its point, and measures the rates that it promises.
profiles="duel board builder raid camp fire"
start_profile() {
    limited "$examples/$profile" >"$logs/$profile" 2>&1 &
    eval "${profile}_plays=$!"
}
profile_plays() {
    status=0
    eval "wait \"\$${profile}_plays\"" || status=$?
    cat "$logs/$profile"
    return "$status"
}

# check WHAT COMMAND...
check() {
    what=$1
    shift
    status=0
    "$@" || status=$?
    count "$what" "$status"
}

if [ -n "$web" ]; then . "$root/examples/web/play.sh"; fi
if [ -t 0 ] && [ -t 1 ]; then
    check "the arena" "$examples/arena" "$@"
    finish
fi

token_server() {
    rm -f "$logs"/token-*.key "$logs/token"
    : >"$logs/token-server"
    : >"$logs/token-backend"
    tokens="limited $examples/token_server"
    backend_key=$($tokens key "$logs/token-backend.key") || return 1
    server_key=$($tokens key "$logs/token-server.key") || return 1
    $tokens server 0 "$logs/token-server.key" "$backend_key" >"$logs/token-server" &
    await token-server "hosting port" || return 1
    server=127.0.0.1:$(sed -n 's/^hosting port //p' "$logs/token-server")
    $tokens backend 0 "$logs/token-backend.key" "$server" "$server_key" >"$logs/token-backend" &
    await token-backend "hosting port" || return 1
    backend=127.0.0.1:$(sed -n 's/^hosting port //p' "$logs/token-backend")
    ! $tokens play "$backend" "$backend_key" ann guessed "$logs/token" >"$logs/token-guess" || return 1
    await token-backend "ann was refused" || return 1
    $tokens play "$backend" "$backend_key" ann "red fox" "$logs/token" >"$logs/token-ann" || return 1
    await token-ann "ann of the foxes: hello" && await token-server "ann of the foxes came in" || return 1
    ! $tokens again "$logs/token" >"$logs/token-again" || return 1
    await token-server "was refused" || return 1
}
trained() {
    limited "$examples/train_dictionary" "$logs/dictionary.hpp" >"$logs/train" || return 1
    grep -q GameDictionary "$logs/dictionary.hpp"
}
# With a key in a file: who was told another one stays outside.
arena_keys() {
    rm -f "$logs/arena.key"
    : >"$logs/arena-server"
    limited "$examples/arena" --listen 4004 --seconds 8 --bots 2 --key "$logs/arena.key" >"$logs/arena-server" &
    server=$!
    await arena-server "players know this server by ed25519:" || return 1
    key=$(sed -n 's/^arena: players know this server by //p' "$logs/arena-server")
    grep -qF "$key" "$logs/arena.key" || return 1
    other=$(limited "$examples/token_server" key "$logs/arena-other.key") || return 1
    ! limited "$examples/arena" --join 127.0.0.1:4004 --trust "$other" --seconds 3 >"$logs/arena-deceived" || return 1
    await arena-deceived "The key is another" || return 1
    limited "$examples/arena" --join 127.0.0.1:4004 --trust "$key" --seconds 3 >"$logs/arena-trusting" || true
    wait "$server" || true
    await arena-trusting "| joined |"
}
play_encrypted() {
    check "minimal: one hosts, one joins" play_minimal
    check "token_server: who logs in at the backend is let in once, and nobody with a found token" token_server
    check "whisper: who knows the host's key is let in and heard, and an impostor is seen" whisper
    check "arena: who was told the server's key joins it and no other" arena_keys
    start_chat
    check "chat: three people hear each other" talk
    check "chat: a full room, a taken port and a wrong address are told" refusals
    check "chat: somebody goes on from another port" move
    check "chat: goodbyes are heard" part
    check "lan_chat: the second finds the first without an address" neighbours
    start_studio
    check "studio: a viewer looks on, and draws when it is made an editor" draw
    check "studio: an admin wipes, and has roles given" rule
    exec 3>&- 4>&- 5>&-
    # All at once, since they mostly wait for their next tick.
    for profile in $profiles; do start_profile; done
    for profile in $profiles; do check "$profile" profile_plays; done
    check "lockstep: two peers and their recordings come to the same" skirmish
}
if [ -x "$examples/whisper" ]; then
    play_encrypted
else
    say "not played: those that encrypt: libsodium is not here; the arena is played in plaintext"
fi
if [ -x "$examples/train_dictionary" ]; then
    check "train_dictionary: a dictionary makes others of the game's messages smaller" trained
else
    say "not played: train_dictionary: libzstd is not here"
fi
check "shooter_range: what is aimed at is hit" limited "$examples/shooter_range"
check "cubes: 901 of them come whole to a guest" limited "$examples/cubes" --png "$logs/cubes.png"
case " $* " in
*" --seconds "* | *" --help "*) ;;
*) set -- --seconds 10 "$@" ;;
esac
check "arena $*" "$examples/arena" "$@"
finish
