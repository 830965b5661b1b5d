#!/bin/sh
# Builds the examples in release and plays the arena: until q on a terminal, for ten seconds elsewhere. Arguments go
# to the arena: sh examples/run.sh --bots 4 --impair loss=5,delay=50. The last line is `N passed, N failed`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/setup.sh"

passed=0
failed=0
# count WHAT STATUS
count() {
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        say "$1 ended with status $2"
    fi
}

setup build
built=0
configure release -Dbuildtype=release -Dtests=disabled -Dbench=disabled || die "0 passed, 1 failed"
compile release || built=$?
count "the build of the examples" "$built"

examples=$builds/release/examples
interactive=
if [ -t 0 ] && [ -t 1 ]; then interactive=yes; fi

# play NAME ARGUMENTS...: runs one example to its end.
play() {
    name=$1
    shift
    status=0
    say "-- $name $*"
    "$examples/$name" "$@" || status=$?
    count "$name" "$status"
}

if [ -n "$interactive" ]; then
    play arena "$@"
else
    case " $* " in
    *" --seconds "*) play arena "$@" ;;
    *) play arena --seconds 10 "$@" ;;
    esac
fi

say "$passed passed, $failed failed"
[ "$failed" = 0 ]
