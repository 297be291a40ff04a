#include "gateway/app/run_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "gateway/app/files.h"

namespace customhouse::app {
namespace {

std::string lock_file(const std::string& data_dir) {
  return data_dir + "/lock";
}
std::string listeners_file(const std::string& data_dir) {
  return data_dir + "/run/listeners.json";
}

}  // namespace

std::expected<DataDirLock, std::string> DataDirLock::acquire(const std::string& data_dir) {
  if (auto made = make_folder(data_dir); !made) return std::unexpected(made.error());
  const std::string path = lock_file(data_dir);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return std::unexpected(path + ": cannot open: " + std::strerror(errno));
  DataDirLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const auto holder = read_file(path, 64);
    return std::unexpected(data_dir + " is in use by another gateway (process " +
                           (holder && !holder->empty() ? *holder : "unknown") +
                           "); stop that one, or give this one another data_dir");
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return std::unexpected(path + ": cannot write: " + std::strerror(errno));
  }
  return lock;
}

bool DataDirLock::held(const std::string& data_dir) {
  const int fd = ::open(lock_file(data_dir).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool held = ::flock(fd, LOCK_SH | LOCK_NB) != 0;
  ::close(fd);
  return held;
}

DataDirLock::DataDirLock(DataDirLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DataDirLock::~DataDirLock() {
  if (fd_ >= 0) ::close(fd_);  // the file stays: removing it would let two lock different files
}

std::expected<void, std::string> write_bound_ports(const std::string& data_dir,
                                                   const BoundPorts& ports) {
  if (auto made = make_folder(data_dir + "/run"); !made) return made;
  const nlohmann::ordered_json json{
      {"pid", ports.pid}, {"proxy", ports.proxy}, {"api", ports.api}, {"admin", ports.admin}};
  return write_file(listeners_file(data_dir), json.dump(2) + "\n", 0600);
}

void remove_bound_ports(const std::string& data_dir) {
  ::unlink(listeners_file(data_dir).c_str());
}

std::optional<BoundPorts> running_ports(const std::string& data_dir) {
  if (!DataDirLock::held(data_dir)) return std::nullopt;  // the file of a gateway that was killed
  const auto text = read_file(listeners_file(data_dir), 4096);
  if (!text) return std::nullopt;
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto field = [&](const char* name, std::uint64_t max) -> std::uint64_t {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number_unsigned()) return 0;
    const auto value = found->get<std::uint64_t>();
    return value <= max ? value : 0;
  };
  const auto port = [&](const char* name) {
    return static_cast<std::uint16_t>(field(name, 65'535));
  };
  return BoundPorts{port("proxy"), port("api"), port("admin"),
                    static_cast<std::int64_t>(field("pid", INT64_MAX))};
}

}  // namespace customhouse::app
