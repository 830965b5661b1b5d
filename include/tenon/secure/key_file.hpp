#pragma once
// Identities in files that only their owner can read, and other small files that are replaced whole: all that
// secure/ has to do with a disk. A program calls this when it starts. POSIX systems only so far.

#if __has_include(<unistd.h>) && !defined(_WIN32)

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/secure/identity.hpp"
#include "tenon/secure/sodium.hpp"

namespace tenon::secure {

namespace detail {

class File {
  public:
    File(const char* path, int flags, mode_t mode = 0) : handle_(::open(path, flags | O_CLOEXEC, mode)) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { (void)close(); }

    bool is_open() const { return handle_ >= 0; }
    int handle() const { return handle_; }
    // The bytes read, up to the end or as many as fit; negative when the system refused.
    std::ptrdiff_t read(BytesOut into) {
        std::size_t at = 0;
        while (at < into.size()) {
            const auto got = ::read(handle_, into.data() + at, into.size() - at);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return -1;
            if (got == 0) break;
            at += static_cast<std::size_t>(got);
        }
        return static_cast<std::ptrdiff_t>(at);
    }
    bool write(BytesIn bytes) {
        while (!bytes.empty()) {
            const auto put = ::write(handle_, bytes.data(), bytes.size());
            if (put < 0 && errno == EINTR) continue;
            if (put <= 0) return false;
            bytes = bytes.subspan(static_cast<std::size_t>(put));
        }
        return ::fsync(handle_) == 0;
    }
    bool close() { return handle_ < 0 || ::close(std::exchange(handle_, -1)) == 0; }

  private:
    int handle_;
};

inline Error file_error() {
    switch (errno) {
        case ENOENT:
        case ENOTDIR:
            return Error::file_missing;
        case EEXIST:
            return Error::file_exists;
        case ELOOP:
            return Error::file_exposed; // a link, where a plain file should be
        default:
            return Error::file_refused;
    }
}

// What stands in a folder is there after a loss of power too; where the system can't promise it, it is not
// asked to.
inline void settle_folder(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string folder = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    const File opened(folder.c_str(), O_RDONLY | O_DIRECTORY);
    if (opened.is_open()) (void)::fsync(opened.handle());
}

// Writes a file beside it first: whoever looks finds all of it or nothing of it.
inline Result<> put_file(const std::string& path, BytesIn bytes, bool may_replace) {
    std::array<std::byte, 8> dice{};
    random_bytes(dice);
    char ending[32];
    std::snprintf(ending, sizeof ending, ".%016llx.new",
                  static_cast<unsigned long long>(load_le<std::uint64_t>(dice.data())));
    const std::string beside = path + ending;
    File file(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (!file.is_open()) return file_error();
    Error error = Error::none;
    const bool is_written = file.write(bytes);
    if (!file.close() || !is_written)
        error = Error::file_refused;
    else if ((may_replace ? std::rename(beside.c_str(), path.c_str())
                          : ::link(beside.c_str(), path.c_str())) != 0)
        error = file_error();
    if (error != Error::none || !may_replace) (void)::unlink(beside.c_str());
    if (error == Error::none) settle_folder(path);
    return error;
}

} // namespace detail

// The bytes of a file that is the caller's own and that nobody else can read or change; trailing_bytes when
// there are more than fit.
inline Result<std::size_t> read_private_file(const char* path, BytesOut into) {
    detail::File file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK); // a pipe would wait for its other end
    if (!file.is_open()) return detail::file_error();
    struct stat about {};
    if (::fstat(file.handle(), &about) != 0) return detail::file_error();
    if (!S_ISREG(about.st_mode) || about.st_uid != ::geteuid() || (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return Error::file_exposed;
    const auto size = file.read(into);
    std::byte more{};
    if (size < 0) return Error::file_refused;
    if (file.read({&more, 1}) != 0) return Error::trailing_bytes;
    return static_cast<std::size_t>(size);
}

// A new file, with mode 0600; one that is there is never written over.
inline Result<> create_private_file(const char* path, BytesIn bytes) {
    return detail::put_file(path, bytes, false);
}
// The file is afterwards the new one, or still the old one, and never something between.
inline Result<> replace_private_file(const char* path, BytesIn bytes) {
    return detail::put_file(path, bytes, true);
}

inline Result<> save_identity(const char* path, const Identity& identity) {
    Secret<identity_text_bytes> text;
    write_identity(text, identity);
    return create_private_file(path, text.bytes());
}
inline Result<Identity> load_identity(const char* path) {
    Secret<identity_text_bytes> text;
    const auto size = read_private_file(path, text.out());
    if (!size) return size.error();
    return read_identity(text_of(BytesIn(text.bytes()).first(*size)));
}
// The identity of this file, which is made where there is none.
inline Result<Identity> load_or_make_identity(const char* path) {
    auto loaded = load_identity(path);
    if (loaded || loaded.error() != Error::file_missing) return loaded;
    Identity made = Identity::make();
    const auto saved = save_identity(path, made);
    if (saved) return made;
    // Another program may have made it in the meantime.
    return saved.error() == Error::file_exists ? load_identity(path) : Result<Identity>(saved.error());
}

} // namespace tenon::secure

#endif
