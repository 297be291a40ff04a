// What of a running gateway others may see: who holds the data folder, and on which ports.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

namespace customhouse::app {

/// Held as long as it lives (flock): two gateways never share a data folder.
class DataDirLock {
 public:
  /// Makes the folder if it is missing. The error names the process that holds it.
  static std::expected<DataDirLock, std::string> acquire(const std::string& data_dir);
  /// Whether another process (or another lock of this one) holds it now.
  static bool held(const std::string& data_dir);
  DataDirLock(DataDirLock&& other) noexcept;
  DataDirLock& operator=(DataDirLock&&) = delete;
  ~DataDirLock();

 private:
  explicit DataDirLock(int fd) : fd_(fd) {}
  int fd_;
};

/// Ports as bound, also where the configuration says port 0; 0 if not listened on. Stands in
/// data_dir/run/listeners.json while the gateway runs.
struct BoundPorts {
  std::uint16_t proxy = 0, api = 0, admin = 0;
  std::int64_t pid = 0;
};
std::expected<void, std::string> write_bound_ports(const std::string& data_dir,
                                                   const BoundPorts& ports);
void remove_bound_ports(const std::string& data_dir);
/// Those of the gateway that runs on this folder now; nullopt if none does.
std::optional<BoundPorts> running_ports(const std::string& data_dir);

}  // namespace customhouse::app
