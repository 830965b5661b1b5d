// What including tenon costs: CPU time of the compiler that reads one file which includes only that header
// (-fsyntax-only, so no code is made), beside asio.hpp alone. Arguments: the compiler, and the folder of
// tenon's headers.

#include "harness.hpp"

namespace {

double children_seconds() {
    rusage used{};
    getrusage(RUSAGE_CHILDREN, &used);
    const auto s = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return s(used.ru_utime) + s(used.ru_stime);
}

} // namespace

int main(int argc, char** argv) {
    const std::string compiler = argc > 1 ? argv[1] : "g++", include = argc > 2 ? argv[2] : "include";
    bool good = true;
    const auto compile = [&](const char* header, std::vector<double>& into) {
        const std::string command =
            "echo '#include <" + std::string(header) + ">' | CCACHE_DISABLE=1 " + compiler +
            " -std=c++20 -fsyntax-only -DASIO_STANDALONE -DASIO_NO_DEPRECATED -I'" + include + "' -x c++ -";
        const double before = children_seconds();
        good = std::system(command.c_str()) == 0 && good;
        into.push_back((children_seconds() - before) * 1000);
    };
    std::vector<double> tenon, asio, core, unused;
    compile("tenon.hpp", unused); // so that the files are in memory
    bench::interleaved(
        5, [&] { compile("tenon.hpp", tenon); }, [&] { compile("asio.hpp", asio); },
        [&] { compile("tenon/portable.hpp", core); });
    if (!good) return 1;
    bench::figure("compile.tenon_ms", bench::median(tenon), "ms");
    bench::figure("compile.asio_ms", bench::median(asio), "ms");
    bench::figure("compile.tenon_vs_asio", bench::median(tenon) / bench::median(asio), "ratio");
    bench::figure("compile.core_ms", bench::median(core), "ms");
}
