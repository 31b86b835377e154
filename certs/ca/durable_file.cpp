#include "certs/ca/durable_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace outrider::certs {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::unexpected<Error> failed(std::string_view verb, const std::filesystem::path& path) {
  return fail(fmt::format("cannot {} {}: {}", verb, path.string(), std::strerror(errno)));
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<void> flush_directory_of(const std::filesystem::path& path) {
  const auto directory = path.has_parent_path() ? path.parent_path() : ".";
  const FileDescriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open() || ::fsync(fd.get()) != 0) return failed("flush", directory);
  return {};
}

}  // namespace

Result<void> write_durably(const std::filesystem::path& path, std::string_view content,
                           ::mode_t mode) {
  const std::string temporary = path.string() + std::string(temporary_suffix);
  ::unlink(temporary.c_str());
  {
    // O_EXCL: what is there under this name is never followed nor shared, whoever made it.
    const FileDescriptor fd(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!fd.is_open()) return failed("create", temporary);
    if (!write_all(fd.get(), content) || ::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0) {
      auto error = failed("write", temporary);
      ::unlink(temporary.c_str());
      return error;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = failed("replace", path);
    ::unlink(temporary.c_str());
    return error;
  }
  return flush_directory_of(path);
}

Result<void> remove_durably(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path);
  return flush_directory_of(path);
}

Result<std::string> read_whole(const std::filesystem::path& path, std::size_t limit) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return failed("read", path);
  std::string content;
  char block[16 * 1024];
  while (true) {
    const ssize_t got = ::read(fd.get(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    if (got == 0) return content;
    if (content.size() + static_cast<std::size_t>(got) > limit) {
      return fail(fmt::format("{} is larger than {} bytes", path.string(), limit));
    }
    content.append(block, static_cast<std::size_t>(got));
  }
}

Result<void> make_directory(const std::filesystem::path& path, ::mode_t mode) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return {};
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), code);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return failed("make directory", path);
  if (!std::filesystem::is_directory(path, code)) {
    return fail(fmt::format("{} is not a directory", path.string()));
  }
  return {};
}

}  // namespace outrider::certs
