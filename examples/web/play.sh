# Sourced by examples/run.sh --web: builds the page, serves it, and opens a room where native bots and browsers
# play. On a terminal until Ctrl-C; elsewhere browsers without a picture play by themselves for half a minute.

web=$builds/web
mkdir -p "$web/site" "$web/include"
# Debian's Emscripten needs JavaScript packages that a node from elsewhere does not look for.
NODE_PATH=/usr/share/nodejs${NODE_PATH:+:$NODE_PATH}
export NODE_PATH

# Links to the header alone: -I/usr/include would give Emscripten the wrong standard library.
find_xxhash() {
    for header in /usr/include/xxhash.h /usr/local/include/xxhash.h "$root"/subprojects/xxHash*/xxhash.h; do
        if [ -e "$header" ]; then ln -sfn "$header" "$web/include/xxhash.h"; fi
    done
    [ -e "$web/include/xxhash.h" ]
}
build_page() {
    find_xxhash || { say "xxhash.h is not here"; return 1; }
    newer=all
    if [ -s "$web/site/index.html" ]; then
        newer=$(find "$root/include" "$root/examples/web" "$root/examples/arena" -newer "$web/site/index.html")
    fi
    [ -n "$newer" ] || return 0
    em++ -std=c++20 -Os -I"$root/include" -isystem "$web/include" -Wall -Wextra -fno-exceptions -fno-rtti \
        "$root/examples/web/page.cpp" -o "$web/arena.js" -lwebsocket.js -sSINGLE_FILE=1 -sALLOW_MEMORY_GROWTH=1 \
        -sTOTAL_STACK=1MB -sEXPORTED_FUNCTIONS=_malloc -sEXPORTED_RUNTIME_METHODS=UTF8ToString,HEAP8,HEAPF32,HEAPU8 &&
        python3 "$root/examples/web/page.py" "$web/arena.js" "$web/site/index.html"
}

serving=
stop_web() {
    # shellcheck disable=SC2086
    [ -z "$serving" ] || kill $serving 2>/dev/null || true
    serving=
}
trap stop_web EXIT
trap 'exit 130' INT TERM

# serve ARGUMENTS...: the room and the page, each on a port of its own.
serve() {
    logs=$web
    rm -f "$web/server" "$web/site.log" # what an earlier run said
    "$examples/web_server" --listen 0 "$@" >"$web/server" 2>&1 &
    server=$!
    python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$web/site" >"$web/site.log" 2>&1 &
    serving="$server $!"
    await server "listening on port" && await site.log " port " || return 1
    room=127.0.0.1:$(sed -n 's/^listening on port //p' "$web/server")
    page="http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$web/site.log")/?host=$room"
    rtc=$(sed -n 's/^pages over WebRTC join at port /127.0.0.1:/p' "$web/server")
    wt=$(sed -n 's/^pages over WebTransport join at port \([0-9]*\) with /127.0.0.1:\1#/p' "$web/server")
}
served() {
    python3 -c "import sys, urllib.request
page = urllib.request.urlopen('$page', timeout=10).read().decode()
sys.exit(0 if '_arena_join' in page and 'asm' in page else 1)"
}
has_ws() { node -e "require('ws')" >/dev/null 2>&1; }
# browser NAME SECONDS [MODE FROM TO]
browser() {
    name=$1
    shift
    limited node "$root/examples/web/play.cjs" "$web/arena.js" "ws://$room" "$name" "$@" >"$web/$name" 2>&1
}
heard_by_server() {
    wait "$server" || return 1
    tail -n 1 "$web/server"
    grep -q '^server: ships flew' "$web/server"
}
# Pages in Chromium, in the same room.
chromium_plays() {
    patience=
    if have timeout; then patience="timeout 120"; fi
    # shellcheck disable=SC2086
    $patience python3 "$root/examples/web/chromium.py" "$page" "$web/pictures" ${rtc:+--rtc "$rtc"} ${wt:+--wt "$wt"} \
        >"$web/chromium" 2>&1
}

if ! have em++; then
    say "not played: the web page: Emscripten is not here"
    finish
fi
check "the build of the page" build_page
[ "$failed" = 0 ] || finish
say "the page has $(wc -c <"$web/site/index.html") bytes, $(gzip -9 -c "$web/site/index.html" | wc -c) compressed"

if [ -t 0 ] && [ -t 1 ]; then
    serve --bots 3 || finish
    say "Open $page in a browser, or in several; Ctrl-C ends it."
    [ -z "$rtc" ] || say "Over WebRTC: ${page%host=*}host=$rtc&road=rtc"
    [ -z "$wt" ] || say "Over WebTransport: ${page%host=*}host=${wt%#*}%23${wt#*#}&road=wt"
    wait "$server" || true
    finish
fi

check "the room and the page are there" serve --bots 3
check "the page is served" served
# All in one room: bots, browsers without a picture, and Chromium.
pages=
if have chromedriver; then
    chromium_plays & pages=$!
    serving="$serving $pages"
else
    say "not played: pages in Chromium: Debian's package chromium-driver is not here"
fi
if has_ws; then
    # The two in the background are silent for longer than the server's patience of ten seconds.
    browser dan 8 & dan=$!
    browser eve 18 hidden 2 15 & eve=$!
    browser fay 18 frozen 2 15 & fay=$!
    check "web: a browser joins, flies and sees the bots and the others" wait "$dan"
    check "web: a tab in the background keeps its place" wait "$eve"
    check "web: a tab that is frozen comes back" wait "$fay"
    for name in dan eve fay; do say "$name: $(cat "$web/$name")"; done
else
    say "not played: browsers without a picture: node or its package ws is not here"
fi
if [ -n "$pages" ]; then
    check "web: pages in Chromium fly by keys and fingers, and keep their places behind other tabs" wait "$pages"
    cat "$web/chromium"
    say "its pictures: $web/pictures"
fi
kill "$server"
check "web: the server heard them" heard_by_server
finish
