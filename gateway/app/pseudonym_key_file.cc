#include "gateway/app/pseudonym_key_file.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "gateway/app/files.h"

namespace customhouse::app {
namespace {

using KeyBytes = std::array<std::uint8_t, 32>;

PseudonymKeyPtr wrap(KeyBytes& bytes) {
  auto key = std::make_shared<const policy::PseudonymKey>(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return key;
}

bool fill_random(KeyBytes& bytes) {
  ssize_t n = 0;
  do {
    n = ::getrandom(bytes.data(), bytes.size(), 0);
  } while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(bytes.size());
}

std::string check(int fd, const std::string& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return path + ": cannot stat: " + std::strerror(errno);
  if (!S_ISREG(status.st_mode)) return path + ": is not a regular file";
  if (status.st_uid != ::geteuid()) return path + ": belongs to another user; chown it to yours";
  if ((status.st_mode & 077) != 0) return path + ": others may read it; run chmod 600 " + path;
  if (status.st_size != static_cast<off_t>(std::tuple_size_v<KeyBytes>)) {
    return path + ": has not 32 bytes; put the backup back (a new key changes every placeholder)";
  }
  return {};
}

}  // namespace

std::string pseudonym_key_path(const std::string& data_dir) {
  return data_dir + "/pseudonym.key";
}

std::expected<PseudonymKeyPtr, std::string> load_pseudonym_key(const std::string& data_dir) {
  const std::string path = pseudonym_key_path(data_dir);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) return nullptr;
    return std::unexpected(path + ": cannot open: " + std::strerror(errno));
  }
  std::string fault = check(fd, path);
  KeyBytes bytes{};
  if (fault.empty() && ::pread(fd, bytes.data(), bytes.size(), 0) != std::ssize(bytes)) {
    fault = path + ": cannot be read whole";
  }
  ::close(fd);
  if (!fault.empty()) return std::unexpected(std::move(fault));
  return wrap(bytes);
}

std::expected<PseudonymKeyPtr, std::string> load_or_create_pseudonym_key(
    const std::string& data_dir) {
  auto key = load_pseudonym_key(data_dir);
  if (!key || *key) return key;
  KeyBytes bytes{};
  if (!fill_random(bytes)) return std::unexpected("the system gives no random bytes");
  const std::string_view content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto written = write_file(pseudonym_key_path(data_dir), content, 0600);
  if (!written) return std::unexpected(written.error());
  return wrap(bytes);
}

std::expected<PseudonymKeyPtr, std::string> ephemeral_pseudonym_key() {
  KeyBytes bytes{};
  if (!fill_random(bytes)) return std::unexpected("the system gives no random bytes");
  return wrap(bytes);
}

}  // namespace customhouse::app
