#pragma once
// One certificate for loopback, made when it is first asked for and kept in a folder that goes with the
// program. Whoever forks asks before.

#include <filesystem>
#include <string>

#include <unistd.h>

#include "../tests/transport/certificates.hpp"

namespace bench {

inline const certificates::Files& certificate() {
    struct Kept {
        std::filesystem::path folder =
            std::filesystem::temp_directory_path() / ("tenon-bench-" + std::to_string(getpid()));
        certificates::Files files;

        Kept() {
            std::filesystem::create_directory(folder);
            certificates::Authority authority(folder, "authority");
            files = authority.issue("bench", "IP:127.0.0.1");
        }
        Kept(const Kept&) = delete;
        Kept& operator=(const Kept&) = delete;
        ~Kept() {
            std::error_code ignored;
            std::filesystem::remove_all(folder, ignored);
        }
    };
    static const Kept kept;
    return kept.files;
}

} // namespace bench
