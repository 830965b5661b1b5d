"""Each third party stays in the headers named here, and the inner floors use no heavy standard header."""
from pathlib import Path

import guard

THIRD_PARTIES = {  # the folder or file that is included: the headers that may
    "xxhash.h": ["tenon/core/hash.hpp"],
    "cereal": ["tenon/codec/binary.hpp", "tenon/codec/json.hpp"],
    "entt": ["tenon/ecs/entt.hpp"],
    "sodium": ["tenon/secure/sodium.hpp"],
    "zstd.h": ["tenon/codec/zstd.hpp"],
    "zdict.h": ["tenon/codec/zstd.hpp"],
    "openssl": ["tenon/secure/jwt_rs256.hpp", "tenon/transport/tls.hpp", "tenon/transport/dtls.hpp"],
    "usrsctp.h": ["tenon/transport/usrsctp.hpp"],
    "wslay": ["tenon/transport/wslay.hpp"],
    "natpmp.h": ["tenon/transport/natpmp.hpp"],
    "miniupnpc": ["tenon/transport/miniupnpc.hpp"],
    "ngtcp2": ["tenon/transport/ngtcp2.hpp"],
    "gnutls": ["tenon/transport/gnutls.hpp"],
    "nghttp3": ["tenon/transport/nghttp3.hpp"],
    "emscripten": ["tenon/browser/page.hpp"],
}
LIGHT = ["core", "wire", "link", "replica", "room"]
HEAVY = ["chrono", "functional", "iostream", "memory", "mutex", "random", "ranges", "regex", "span", "sstream",
         "string", "thread"]
# Not in the portable subset: what g++ 12, clang 14 and Emscripten 3.1.6 don't all have.
ABSENT = ["format", "source_location", "coroutine", "stop_token", "expected", "print", "execution", "syncstream",
          "memory_resource"]
STANDARD = set("""algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono
cinttypes climits cmath compare complex concepts condition_variable csetjmp csignal cstdarg cstddef cstdint cstdio
cstdlib cstring ctime deque exception filesystem forward_list fstream functional future initializer_list iomanip ios
iosfwd iostream istream iterator latch limits list locale map memory mutex new numbers numeric optional ostream queue
random ranges ratio regex scoped_allocator semaphore set shared_mutex span sstream stack stdexcept streambuf string
string_view system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray
variant vector version""".split())
# Headers of operating systems, in the headers that meet the system.
SYSTEM = {"tenon/transport/udp.hpp", "tenon/transport/udp_batch.hpp",
          "tenon/transport/sleep.hpp", "tenon/transport/now.hpp", "tenon/transport/waker.hpp",
          "tenon/transport/entropy.hpp", "tenon/transport/system_socket.hpp", "tenon/transport/stream_socket.hpp",
          "tenon/transport/host_names.hpp", "tenon/transport/readiness.hpp",
          "tenon/transport/interfaces.hpp", "tenon/transport/ngtcp2.hpp", "tenon/secure/key_file.hpp"}


def check(root):
    for name in guard.headers(root):
        parts = Path(name).parts
        folder = parts[1] if len(parts) > 2 else ""
        for number, include in guard.includes(guard.text(Path(root) / "include" / name)):
            if include[0] == '"':
                continue
            target = include.strip("<>")
            place = "%s:%d: " % (name, number)
            party = next((p for p in THIRD_PARTIES if target == p or target.split("/")[0] == p
                          or target in (p + ".h", p + ".hpp")), None)
            if party:
                if name not in THIRD_PARTIES[party]:
                    yield "%s%s belongs in %s alone" % (place, party, " and ".join(THIRD_PARTIES[party]))
            elif target in ABSENT:
                yield "%s<%s> is not in the portable subset" % (place, target)
            elif target not in STANDARD:
                if name not in SYSTEM:
                    yield "%s<%s> is neither standard C++ nor a third party of this header" % (place, target)
            elif folder in LIGHT and target in HEAVY:
                yield "%s%s/ may not use the heavy <%s>" % (place, folder, target)


CLEAN = {"include/tenon/core/hash.hpp": "#include <xxhash.h>\n#include <array>\n",
         "include/tenon/transport/udp.hpp": "#include <sys/socket.h>\n",
         "include/tenon/link/a.hpp": "// #include <chrono> is what it avoids\n#include <array>\n"}
guard.run(check, CLEAN, [
    ({"include/tenon/link/a.hpp": "#include <xxhash.h>\n"}, "xxhash.h belongs in"),
    ({"include/tenon/session.hpp": "#include <asio.hpp>\n"}, "neither standard C++"),
    ({"include/tenon/session.hpp": "#include <sodium.h>\n"}, "sodium belongs in"),
    ({"include/tenon/session.hpp": "#include <sodium/utils.h>\n"}, "sodium belongs in"),
    ({"include/tenon/codec/bits.hpp": "#include <cereal/types/vector.hpp>\n"}, "cereal belongs in"),
    ({"include/tenon/link/a.hpp": "#include <chrono>\n"}, "link/ may not use the heavy <chrono>"),
    ({"include/tenon/core/a.hpp": "#  include <string>\n"}, "core/ may not use the heavy <string>"),
    ({"include/tenon/session.hpp": "#include <format>\n"}, "<format> is not in the portable subset"),
    ({"include/tenon/session.hpp": "#include <sys/socket.h>\n"}, "neither standard C++"),
])
