// Runs a fuzz target without libFuzzer: every file of its corpus as it is, then seeded mutations of them.
//   fuzz_<name> CORPUS_FOLDER MUTATIONS [SEED]
// The inputs are made again from the same arguments, so a find repeats; the guilty input is written to
// fuzz_<name>.crash in the working folder when the target dies of a signal or a sanitizer.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tenon/core/random.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t input_bytes_max = 4096;
std::string crash_file;
Input current;

void keep_current() {
    if (std::FILE* file = std::fopen(crash_file.c_str(), "wb")) {
        std::fwrite(current.data(), 1, current.size(), file);
        std::fclose(file);
        std::fprintf(stderr, "the input of %zu bytes is in %s\n", current.size(), crash_file.c_str());
    }
}

void on_signal(int number) {
    keep_current();
    std::signal(number, SIG_DFL);
    std::raise(number);
}

// The bytes live in an allocation of exactly their size, so that the sanitizer sees a read past them.
void feed(const Input& input) {
    current = input;
    const Input exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::uint8_t interesting(tenon::Random& random) {
    constexpr std::uint8_t values[] = {0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF};
    return values[random.below(std::size(values))];
}

void mutate_once(Input& input, const std::vector<Input>& corpus, tenon::Random& random) {
    const std::size_t at = static_cast<std::size_t>(random.below(input.size() + 1));
    const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
    const bool inside = at < input.size();
    switch (random.below(8)) {
        case 0: // one bit
            if (inside) input[at] = static_cast<std::uint8_t>(input[at] ^ (1u << random.below(8)));
            break;
        case 1: // one byte
            if (inside) input[at] = static_cast<std::uint8_t>(random.next());
            break;
        case 2: // an extreme
            if (inside) input[at] = interesting(random);
            break;
        case 3: // a run of extremes, which is what a large length looks like
            for (std::size_t i = at; i < input.size() && i < at + 8; ++i) input[i] = interesting(random);
            break;
        case 4: // the end is missing
            input.resize(at);
            break;
        case 5: // something is put in
            input.insert(place, static_cast<std::size_t>(random.below(8)) + 1, interesting(random));
            break;
        case 6: // something is taken out
            input.erase(place, input.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                                   input.size(), at + 1 + random.below(8))));
            break;
        case 7: { // the tail of another
            const Input& other = corpus[random.below(corpus.size())];
            input.resize(at);
            const std::size_t from = static_cast<std::size_t>(random.below(other.size() + 1));
            input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
            break;
        }
    }
    if (input.size() > input_bytes_max) input.resize(input_bytes_max);
}

std::vector<Input> read_corpus(const char* folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.is_regular_file()) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end()); // the same mutations whatever the file system's order
    std::vector<Input> corpus;
    for (const auto& path : paths) {
        std::ifstream file(path, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return corpus;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s CORPUS_FOLDER MUTATIONS [SEED]\n", argv[0]);
        return 2;
    }
    crash_file = std::filesystem::path(argv[0]).filename().string() + ".crash";
    for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) std::signal(number, on_signal);
    if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(keep_current);

    std::vector<Input> corpus = read_corpus(argv[1]);
    if (corpus.empty()) {
        std::fprintf(stderr, "%s holds no seed\n", argv[1]);
        return 1;
    }
    corpus.push_back({});
    for (const Input& input : corpus) feed(input);

    tenon::Random random(argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
    const unsigned long long mutations = std::strtoull(argv[2], nullptr, 10);
    for (unsigned long long i = 0; i < mutations; ++i) {
        Input input = corpus[random.below(corpus.size())];
        for (std::uint64_t steps = random.below(4) + 1; steps > 0; --steps)
            mutate_once(input, corpus, random);
        feed(input);
    }
    std::printf("%zu seeds and %llu mutations\n1 passed, 0 failed\n", corpus.size() - 1, mutations);
    return 0;
}
