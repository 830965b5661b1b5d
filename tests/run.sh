#!/bin/sh
# Builds and runs tenon's tests; the last line is `N passed, N failed`. Installs what it needs first.
#   sh tests/run.sh          all tests as they are, with the library's assertions, short simulations, the fuzz targets
#                            over their corpus, and the guards that are quick: within ten minutes on two cores
#   sh tests/run.sh --full   also wrong programs, headers that stand alone, the guides' code, the benchmarks' (compiled
#                            only), the ways to take tenon in, programs of others, clang with the address and
#                            undefined-behaviour sanitizers, threads, WebAssembly without exceptions, fuzzing,
#                            examples, long simulations
#   sh tests/run.sh --windows   what needs no library, compiled by mingw-w64 and run by wine
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/setup.sh"

full=
windows=
for argument in "$@"; do
    case $argument in
    --full) full=full ;;
    --windows) windows=windows ;;
    *) die "usage: sh tests/run.sh [--full] [--windows]" ;;
    esac
done

passed=0
failed=0

# finish NAME PASSED FAILED SKIPPED STARTED
finish() {
    passed=$((passed + $2))
    failed=$((failed + $3))
    note=
    [ "$4" = 0 ] || note=", $4 skipped"
    say "stage $1: $2 passed, $3 failed$note, $(($(date +%s) - $5)) s"
}

# stage NAME BUILD TARGETS SELECTION: builds TARGETS (none: all) in $builds/BUILD and runs the tests that SELECTION,
# options of `meson test`, chooses.
stage() {
    stage_name=$1 stage_build=$2 stage_targets=$3 stage_selection=$4
    started=$(date +%s)
    broken=0
    chosen=
    # shellcheck disable=SC2086
    if ! compile "$stage_build" $stage_targets; then
        # Meson runs nothing when one program lacks, so it is told which are there; those that are not have failed.
        broken=1
        chosen=$(python3 "$root/tests/summary.py" --built "$builds/$stage_build")
    fi
    log=$builds/$stage_build/meson-logs/$stage_name.json
    rm -f "$log"
    # shellcheck disable=SC2086
    meson test -C "$builds/$stage_build" --no-rebuild --num-processes "$jobs" --logbase "$stage_name" \
        $stage_selection $chosen >"$builds/$stage_name.test.log" 2>&1 || true
    if [ -s "$log" ]; then
        python3 "$root/tests/summary.py" "$log" >"$builds/$stage_name.summary"
        sed '$d' "$builds/$stage_name.summary"
        read -r p f s <<END
$(tail -n 1 "$builds/$stage_name.summary")
END
        finish "$stage_name" "$p" $((f + broken)) "$s" "$started"
    else
        tail -n 20 "$builds/$stage_name.test.log"
        finish "$stage_name" 0 $((1 + broken)) 0 "$started"
    fi
}

# A stage that can't be set up has failed; one whose tools can't be had says so and counts as nothing.
unable() { finish "$1" 0 1 0 "$(date +%s)"; }
without() { say "stage $1: not run: $2"; }

# What a build makes when nothing is named, but for the programs whose whole names match, and for what Meson keeps to
# make every program of a test.
# all_but BUILD PATTERN
all_but() { ninja -C "$builds/$1" -t query all | sed -n '/^  outputs:/q; s/^    //p' | grep -vxE "meson-.*|$2"; }
has_target() { grep -q "^build $2[ :]" "$builds/$1/build.ninja"; }

# What a compiler for another system finds of this one: links in $builds/WHERE to the HEADERS alone, since
# -I/usr/include would give it the wrong standard library.
# link_headers WHERE HEADERS...
link_headers() {
    into=$builds/$1
    shift
    mkdir -p "$into"
    for header in "$@"; do
        if [ -e "/usr/include/$header" ]; then ln -sfn "/usr/include/$header" "$into/$header"; fi
    done
}
# Takes its text from stdin. Only written when it changes, because Meson configures again after that.
write_cross_file() {
    cat >"$builds/$1.new"
    cmp -s "$builds/$1.new" "$builds/$1" || mv "$builds/$1.new" "$builds/$1"
}
write_wasm_cross_file() {
    link_headers wasm-include xxhash.h xxh3.h doctest
    write_cross_file wasm.ini <<END
[binaries]
c = 'emcc'
cpp = 'em++'
ar = 'emar'
exe_wrapper = ['node']
[built-in options]
cpp_args = ['-isystem', '$builds/wasm-include']
cpp_link_args = ['-sSINGLE_FILE=1', '-sEXIT_RUNTIME=1', '-sALLOW_MEMORY_GROWTH=1', '-sTOTAL_STACK=1MB']
[host_machine]
system = 'emscripten'
cpu_family = 'wasm32'
cpu = 'wasm32'
endian = 'little'
END
}
write_windows_cross_file() {
    link_headers windows-include xxhash.h xxh3.h doctest cereal rapidjson
    write_cross_file windows.ini <<END
[binaries]
c = '$mingw-gcc-posix'
cpp = [${ccache:+"'ccache', "}'$mingw-g++-posix']
ar = '$mingw-ar'
strip = '$mingw-strip'
exe_wrapper = ['wine']
[built-in options]
cpp_args = ['-isystem', '$builds/windows-include', '-Wa,-mbig-obj']
cpp_link_args = ['-static']
[host_machine]
system = 'windows'
cpu_family = 'x86_64'
cpu = 'x86_64'
endian = 'little'
END
}

# shellcheck disable=SC2086
setup build tests $full $windows

export ASAN_OPTIONS=halt_on_error=1:detect_stack_use_after_return=1:print_summary=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
export TENON_JOBS="$jobs"

# Warnings are errors with the compilers that tenon promises to be clean on; a newer one may warn of more.
strict_for() {
    case $($1 -dumpversion) in
    12 | 12.* | 12-* | 14.*) echo -Dwerror=true ;;
    *) echo -Dwerror=false ;;
    esac
}
ours="-Dexamples=disabled -Dbench=disabled"
# Eight files of a folder are compiled as one, which takes half the time.
plain="$ours -Ddebug=false -Dcpp_args=-g1 -Dtogether=8"
sanitized="$plain -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false"

# Sanitized templates take three times as long to compile, half of that with clang: the full run leaves them to it.
# There the simulations are left to their long run, which has the short one in it, and the fuzz targets to clang, whose
# fuzzers begin with the same corpus; without libFuzzer its build runs the corpus tests.
run_tests() {
    build=quick options="$plain -Doptimization=0" chosen="--no-suite fuzzing" programs= left=
    if [ -z "$full" ]; then
        chosen="$chosen --no-suite thorough"
        left='tests/(camper|[a-z_]*_echo)'
    elif have clang++; then
        chosen="$chosen --no-suite sim --no-suite corpus"
        left='tests/(test_sim(_brief)?|(lib)?fuzz_.*)'
    else
        build=asan options=$sanitized
    fi
    # shellcheck disable=SC2046,SC2086
    if configure $build $options $(strict_for "$CXX"); then
        if [ -n "$left" ]; then programs=$(all_but $build "$left"); fi
        stage tests $build "$programs" "$chosen"
    else
        unable tests
    fi
}

run_with_clang() {
    CXX=clang++
    # shellcheck disable=SC2046,SC2086
    if configure clang $sanitized $(strict_for clang++); then
        # The wrong programs have been refused by both compilers already; pages are compiled once.
        stage clang clang "" \
            "--no-suite fuzzing --no-suite text --no-suite package --no-suite wrong --no-suite pages"
        if has_target clang fuzzers; then stage fuzzing clang fuzzers "--suite fuzzing"; fi
    else
        unable clang
    fi
    # g++'s thread sanitizer does not know fences, and so reports races that are none.
    # shellcheck disable=SC2046,SC2086
    if configure tsan $plain -Doptimization=1 -Db_sanitize=thread -Db_lundef=false $(strict_for clang++); then
        stage threads tsan threaded "--suite threaded"
    else
        unable threads
    fi
}

# Where there is no Emscripten, whose build has neither exceptions nor run-time types.
run_bare() {
    # shellcheck disable=SC2046,SC2086
    if configure bare $plain -Doptimization=0 -Dcpp_eh=none -Dcpp_rtti=false $(strict_for "$CXX"); then
        stage bare bare "" "--suite unit"
    else
        unable bare
    fi
}

run_wasm() {
    # Debian's Emscripten needs JavaScript packages that a node from elsewhere does not look for.
    NODE_PATH=/usr/share/nodejs${NODE_PATH:+:$NODE_PATH}
    export NODE_PATH
    write_wasm_cross_file
    # shellcheck disable=SC2086
    if configure wasm --cross-file "$builds/wasm.ini" $ours -Dbuildtype=plain -Doptimization=1 -Dcpp_eh=none \
        -Dcpp_rtti=false -Dtogether=8; then
        stage wasm wasm "" "--suite unit"
    else
        unable wasm
    fi
}

# The services of wine's Windows stay between the tests, each of which would else start and end them. They don't keep
# the lock of this run, and end by themselves.
start_wine() {
    wineserver --kill || true
    wineserver --wait
    wineserver --persistent=60 9>&- && wineboot --init 9>&-
}

# Everything but what needs a library that Windows has not: that is left out, as in any build without it. Debian's
# packages for it come to a gigabyte, so it runs where it is asked for, and not with the rest. The simulations are left
# out: they meet no system, and take long to compile.
run_windows() {
    mingw=x86_64-w64-mingw32
    if ! have $mingw-g++-posix || ! have wine; then without windows "mingw-w64 or wine is not here" && return; fi
    if have ccache; then ccache=ccache; else ccache=; fi
    # wine keeps its Windows in a folder of ours, and speaks only when asked. A program that crashes ends, and waits
    # for no debugger.
    WINEPREFIX=$builds/wine WINEDEBUG=-all WINEDLLOVERRIDES="winedbg.exe=d;mscoree,mshtml="
    export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES
    write_windows_cross_file
    # shellcheck disable=SC2046,SC2086
    if configure windows --cross-file "$builds/windows.ini" $ours -Ddebug=false -Doptimization=1 \
        $(strict_for $mingw-g++-posix) &&
        start_wine >"$builds/windows.wine.log" 2>&1; then
        programs=$(sed -n 's/^build \(tests\/test_[a-z]*\.exe\):.*/\1/p' "$builds/windows/build.ninja" |
            grep -vx tests/test_sim.exe)
        stage windows windows "$programs" "--suite unit --no-suite sim"
        wineserver --kill || true
    else
        unable windows
    fi
}

run_long() {
    # shellcheck disable=SC2046,SC2086
    if ! configure long $plain -Doptimization=2 $(strict_for "$CXX"); then
        unable long
    elif has_target long tests/test_sim; then
        TENON_LONG=1
        export TENON_LONG
        stage long long "tests/test_sim tests/test_sim_brief" "--suite sim"
        unset TENON_LONG
    else
        without long "there are no simulations"
    fi
}

# The examples, built and played as a newcomer would.
run_examples() {
    started=$(date +%s)
    log=$builds/examples.log
    patience=
    if have timeout; then patience="timeout 900"; fi
    $patience sh "$root/examples/run.sh" --seconds 5 >"$log" 2>&1 </dev/null || true
    counts=$(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$/\1 \2/p' "$log" | tail -n 1)
    if [ -n "$counts" ]; then
        [ "${counts#* }" = 0 ] || tail -n 40 "$log"
        finish examples "${counts% *}" "${counts#* }" 0 "$started"
    else
        tail -n 40 "$log"
        unable examples
    fi
}

# What was asked for: Windows alone, where nothing else was.
if [ "$full$windows" != windows ]; then run_tests; fi
if [ -n "$full" ]; then
    native=$CXX
    if have clang++; then run_with_clang; else without clang "clang++ is not here"; fi
    if have em++ && have node; then
        run_wasm
    else
        without wasm "em++ or node is not here"
        run_bare
    fi
    CXX=$native
    run_examples
    run_long
fi
if [ -n "$windows" ]; then run_windows; fi

if [ "$failed" -gt 0 ] || [ "$passed" = 0 ]; then result=1; else result=0; fi
say "$passed passed, $failed failed"
exit $result
