#include "tenon/secure/key_file.hpp"

#include <doctest/doctest.h>

#if __has_include(<unistd.h>) && !defined(_WIN32)

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace tenon;
using namespace tenon::secure;

namespace {

// A folder that goes with the test.
struct Folder {
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "tenon_keys_XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::string operator/(const char* name) const { return (path / name).string(); }
    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path), {}));
    }
    std::filesystem::path path;
};

std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
void overwrite(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

} // namespace

TEST_CASE("an identity is kept in a file that only its owner can read") {
    const Folder folder;
    const std::string path = folder / "server.key";
    CHECK(load_identity(path.c_str()).error() == Error::file_missing);
    const auto made = load_or_make_identity(path.c_str());
    REQUIRE(made);
    struct stat about {};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0600);
    CHECK(about.st_nlink == 1);
    CHECK(folder.files() == 1); // nothing is left beside it
    const auto again = load_or_make_identity(path.c_str());
    REQUIRE(again);
    CHECK(again->key() == made->key());

    CHECK(save_identity(path.c_str(), Identity::make()).error() == Error::file_exists);
    CHECK(load_identity(path.c_str())->key() == made->key());
    CHECK(folder.files() == 1);
}

TEST_CASE("a file that others can read or change, or that is none, is refused") {
    const Folder folder;
    const std::string path = folder / "key";
    REQUIRE(save_identity(path.c_str(), Identity::make()));
    for (const mode_t mode : {0640u, 0604u, 0660u, 0602u, 0644u, 0666u}) {
        REQUIRE(::chmod(path.c_str(), mode) == 0);
        CHECK(load_identity(path.c_str()).error() == Error::file_exposed);
        CHECK(load_or_make_identity(path.c_str()).error() == Error::file_exposed);
    }
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    CHECK(load_identity(path.c_str()));
    std::filesystem::create_symlink(path, folder / "link");
    CHECK(load_identity((folder / "link").c_str()).error() == Error::file_exposed);
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(load_identity((folder / "pipe").c_str()).error() == Error::file_exposed);
    CHECK(load_identity(folder.path.c_str()).error() == Error::file_exposed);
    CHECK(load_identity((folder / "no/such/folder").c_str()).error() == Error::file_missing);
    CHECK(save_identity((folder / "no/such/folder").c_str(), Identity::make()).error() ==
          Error::file_missing);
    CHECK(save_identity((folder / "key/below").c_str(), Identity::make()).error() == Error::file_missing);
}

TEST_CASE("a file that is short, long or damaged has its own error") {
    const Folder folder;
    const std::string path = folder / "key";
    REQUIRE(save_identity(path.c_str(), Identity::make()));
    const std::string text = content(path);
    overwrite(path, text.substr(0, 60));
    CHECK(load_identity(path.c_str()).error() == Error::truncated);
    overwrite(path, "");
    CHECK(load_or_make_identity(path.c_str()).error() == Error::truncated); // and it is not made anew
    overwrite(path, text + "more");
    CHECK(load_identity(path.c_str()).error() == Error::trailing_bytes);
    std::string damaged = text;
    damaged[30] = damaged[30] == 'A' ? 'B' : 'A';
    overwrite(path, damaged);
    CHECK(load_identity(path.c_str()).error() == Error::malformed);
}

TEST_CASE("a file is replaced whole") {
    const Folder folder;
    const std::string path = folder / "trusted";
    CHECK(replace_private_file(path.c_str(), bytes_of("one")));
    CHECK(replace_private_file(path.c_str(), bytes_of("another")));
    CHECK(content(path) == "another");
    CHECK(folder.files() == 1);
    std::byte into[7];
    CHECK(*read_private_file(path.c_str(), into) == 7);
    CHECK(read_private_file(path.c_str(), BytesOut(into).first(6)).error() == Error::trailing_bytes);
}

#endif
