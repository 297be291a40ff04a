#include "gateway/app/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace customhouse::app {
namespace {

std::string fault(const std::string& path, std::string_view doing) {
  return path + ": cannot " + std::string(doing) + ": " + std::strerror(errno);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: a FIFO in its place must not hang us.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return std::unexpected(fault(path, "open"));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(fault(path, "stat"));
  if (!S_ISREG(status.st_mode)) return std::unexpected(path + ": is not a regular file");
  std::string content;
  std::string block(64 * 1024, '\0');
  for (;;) {
    const ssize_t n = ::read(fd.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(fault(path, "read"));
    if (n == 0) return content;
    content.append(block, 0, static_cast<std::size_t>(n));
    if (content.size() > max_bytes) {
      return std::unexpected(path + ": is larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

std::expected<void, std::string> write_file(const std::string& path, std::string_view content,
                                            mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (fd.get() < 0) return std::unexpected(fault(path, "write beside it"));
  const bool written = ::fchmod(fd.get(), mode) == 0 && write_all(fd.get(), content) &&
                       ::fsync(fd.get()) == 0 && fd.close() &&
                       ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    std::string what = fault(path, "write");
    ::unlink(temporary.c_str());
    return std::unexpected(std::move(what));
  }
  const std::string folder = folder_of(path);
  const Descriptor folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder_fd.get() < 0 || ::fsync(folder_fd.get()) != 0) {
    return std::unexpected(fault(folder, "sync"));
  }
  return {};
}

std::expected<void, std::string> make_folder(const std::string& path) {
  const std::filesystem::path target(path);
  std::filesystem::path made;
  for (const auto& part : target) {
    made /= part;
    if (::mkdir(made.c_str(), 0700) == 0 || errno == EEXIST) continue;
    return std::unexpected(fault(made.string(), "make the folder"));
  }
  std::error_code error;
  if (!std::filesystem::is_directory(target, error)) {
    return std::unexpected(path + ": is not a folder");
  }
  return {};
}

std::string resolve_path(const std::string& base, const std::string& path) {
  return (std::filesystem::path(base) / path).lexically_normal().string();
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace customhouse::app
