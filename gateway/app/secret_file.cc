#include "gateway/app/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace customhouse::app {

namespace {

std::string check(int descriptor, const std::string& path, std::size_t max_bytes,
                  std::size_t& size) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return path + ": cannot stat: " + std::strerror(errno);
  if (!S_ISREG(status.st_mode)) return path + ": is not a regular file";
  if (status.st_uid != ::geteuid()) return path + ": belongs to another user; chown it to yours";
  if ((status.st_mode & 077) != 0) return path + ": others may read it; run chmod 600 " + path;
  size = static_cast<std::size_t>(status.st_size);
  if (size > max_bytes) return path + ": is too long for a key; put the backup back";
  return {};
}

}  // namespace

std::expected<std::optional<std::string>, std::string> read_secret_file(const std::string& path,
                                                                        std::size_t max_bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) {
    if (errno == ENOENT) return std::nullopt;
    return std::unexpected(path + ": cannot open: " + std::strerror(errno));
  }
  std::size_t size = 0;
  std::string fault = check(descriptor, path, max_bytes, size);
  std::string content(fault.empty() ? size : 0, '\0');
  if (fault.empty() && ::pread(descriptor, content.data(), size, 0) != static_cast<ssize_t>(size))
    fault = path + ": cannot be read whole";
  ::close(descriptor);
  if (!fault.empty()) return std::unexpected(std::move(fault));
  return content;
}

}  // namespace customhouse::app
