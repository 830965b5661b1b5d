# Sourced by tests/run.sh, examples/run.sh and bench/run.sh with $root set. `setup WHAT...` makes sure of what a
# build needs, where WHAT is any of: build, tests, bench, web, full, windows. What is missing is installed by apt-get
# where there is one, which is said before it is done; headers that still lack come from the wraps in subprojects/.

say() { printf '%s\n' "$*"; }
die() { say "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Outputs go to build/ in the checkout, which git ignores; TENON_BUILD names another place.
builds=${TENON_BUILD:-$root/build}
mkdir -p "$builds"
builds=$(cd "$builds" && pwd)
jobs=${TENON_JOBS:-$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}

choose_compiler() {
    if [ -z "${CXX:-}" ]; then
        if have g++; then CXX=g++; elif have clang++; then CXX=clang++; else CXX=; fi
    fi
}

has_header() {
    [ -n "$CXX" ] && printf '#include <%s>\n' "$1" | $CXX -std=c++20 -E -x c++ - >/dev/null 2>&1
}

# Sets $missing to the Debian packages of all that is not here.
look() {
    missing=
    choose_compiler
    have "${CXX%% *}" || lack g++
    have meson || lack meson
    have ninja || lack ninja-build
    have python3 || lack python3
    have pkg-config || lack pkg-config
    have ccache || lack ccache
    has_header xxhash.h || lack libxxhash-dev
    has_header cereal/cereal.hpp || lack libcereal-dev
    has_header sodium.h || lack libsodium-dev
    has_header zdict.h || lack libzstd-dev
    for what in "$@"; do
        case $what in
        tests)
            look_web_socket
            has_header doctest/doctest.h || lack doctest-dev
            has_header openssl/param_build.h || lack libssl-dev
            has_header natpmp.h || lack libnatpmp-dev
            has_header miniupnpc/miniupnpc.h || lack libminiupnpc-dev
            have ip || lack iproute2
            have nft || lack nftables
            has_header usrsctp.h || lack libusrsctp-dev
            has_header ngtcp2/ngtcp2.h || lack libngtcp2-dev
            has_header ngtcp2/ngtcp2_crypto_gnutls.h || lack libngtcp2-crypto-gnutls-dev
            has_header nghttp3/nghttp3.h || lack libnghttp3-dev
            has_header gnutls/crypto.h || lack libgnutls28-dev
            /usr/bin/python3 -c 'import websockets' >/dev/null 2>&1 || lack python3-websockets
            ;;
        web)
            look_web_socket
            look_wasm
            ;;
        windows)
            have x86_64-w64-mingw32-g++-posix || lack g++-mingw-w64-x86-64-posix
            have wine || lack wine
            ;;
        bench)
            has_header enet/enet.h || lack libenet-dev
            has_header asio.hpp || lack libasio-dev # what including tenon costs is shown beside it
            ;;
        full)
            look_wasm
            if ! have clang++; then
                lack clang
                lack libclang-rt-14-dev
            elif ! clang_has_fuzzer; then
                lack "$(clang_runtime)"
            fi
            have clang-tidy || lack clang-tidy
            have chromedriver || lack chromium-driver
            have turnserver || lack coturn
            ;;
        esac
    done
}
# Once, however many ask for it.
lack() {
    case " $missing " in
    *" $1 "*) ;;
    *) missing="$missing $1" ;;
    esac
}
look_web_socket() {
    has_header wslay/wslay.h || lack libwslay-dev
    NODE_PATH=/usr/share/nodejs node -e "require('ws')" >/dev/null 2>&1 || lack node-ws
}
look_wasm() {
    have em++ || lack emscripten
    have node || lack nodejs
}

clang_has_fuzzer() {
    ls "$(clang++ -print-resource-dir)"/lib/linux/libclang_rt.fuzzer-* >/dev/null 2>&1 ||
        ls "$(clang++ -print-resource-dir)"/lib/*/libclang_rt.fuzzer* >/dev/null 2>&1
}
clang_runtime() { echo "libclang-rt-$(clang++ -dumpversion | cut -d. -f1)-dev"; }

# Without these nothing can be built; without the rest, something is slower, smaller, or comes from a wrap.
check_essential() {
    choose_compiler
    lacks=
    [ -n "$CXX" ] && have "${CXX%% *}" || lacks="$lacks a C++20 compiler (g++ 12 or clang 14, or newer);"
    have meson || lacks="$lacks meson 1.0 or newer;"
    have ninja || lacks="$lacks ninja;"
    have python3 || lacks="$lacks python3;"
    [ -z "$lacks" ] || die "tenon needs$lacks install it and run this again."
    printf '#include <%s>\n' compare concepts span |
        $CXX -std=c++20 -fsyntax-only -x c++ - >/dev/null 2>&1 ||
        die "tenon needs C++20, which $CXX does not speak: set CXX to g++ 12, clang++ 14 or newer."
    meson_version=$(meson --version)
    case $meson_version in
    0.*) die "tenon needs meson 1.0 or newer; this is $meson_version." ;;
    esac
}

setup() {
    look "$@"
    if [ -n "$missing" ] && have apt-get && [ -z "${TENON_NO_INSTALL:-}" ]; then
        as_root=
        if [ "$(id -u)" != 0 ]; then
            if have sudo; then as_root=sudo; else as_root=none; fi
        fi
        if [ "$as_root" = none ]; then
            say "These packages lack, and installing them needs root:$missing"
        else
            say "Installing with ${as_root:+$as_root }apt-get:$missing"
            # shellcheck disable=SC2086
            if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
                $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } \
                >"$builds/setup.log" 2>&1; then
                tail -n 5 "$builds/setup.log"
                say "apt-get did not install them all; going on with what there is."
            fi
            look "$@"
        fi
    fi
    # Two runs at a time would build in the same folders; one that another has started is within its turn.
    if have flock && [ "${TENON_TURN:-}" != "$builds" ]; then
        exec 9>"$builds/lock"
        flock -n 9 || { say "Waiting for another run in $builds."; flock 9; }
        export TENON_TURN="$builds"
    fi
    [ -z "$missing" ] || say "Not here, so done without or taken from subprojects/:$missing"
    check_essential
    export CXX
    # ccache refuses precompiled headers and files that speak of time unless it is told not to care.
    export CCACHE_SLOPPINESS="${CCACHE_SLOPPINESS:-pch_defines,time_macros}"
}

# configure NAME OPTIONS...: the build folder $builds/NAME, made anew when its compiler or options changed.
configure() {
    name=$1
    shift
    dir=$builds/$name
    stamp="$CXX $(command -v "${CXX%% *}") $*"
    if [ -f "$dir/build.ninja" ] && [ "$(cat "$dir/stamp" 2>/dev/null)" = "$stamp" ]; then return 0; fi
    rm -rf "$dir"
    if ! meson setup "$dir" "$root" "$@" >"$builds/$name.setup.log" 2>&1; then
        tail -n 30 "$builds/$name.setup.log"
        return 1
    fi
    printf '%s\n' "$stamp" >"$dir/stamp"
}

# compile NAME [TARGETS...]: builds as much as can be built. On a terminal ninja shows its progress; elsewhere
# only what went wrong is shown.
compile() {
    name=$1
    shift
    if [ -t 1 ]; then
        ninja -C "$builds/$name" -j "$jobs" -k 0 "$@"
    elif ! ninja -C "$builds/$name" -j "$jobs" -k 0 "$@" >"$builds/$name.build.log" 2>&1; then
        if grep -q '^FAILED' "$builds/$name.build.log"; then
            sed -n '/^FAILED/,/^\[[0-9]*\/[0-9]*\]/p' "$builds/$name.build.log" | grep -v '^\[[0-9]*/' | head -n 300
        else
            tail -n 30 "$builds/$name.build.log"
        fi
        return 1
    fi
}
