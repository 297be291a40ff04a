#include "gateway/app/default_config.h"

#include <unistd.h>

#include <filesystem>

#include "gateway/app/files.h"

namespace customhouse::app {

std::vector<std::string> default_config_places() {
  std::vector<std::string> places{"config/customhouse.yaml", "/etc/customhouse/customhouse.yaml"};
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    places.push_back(resolve_path(folder_of(program.string()), "../../config/customhouse.yaml"));
  }
  return places;
}

std::expected<std::string, std::string> find_config(const std::string& given) {
  if (!given.empty()) return given;
  std::string looked;
  for (const auto& place : default_config_places()) {
    if (::access(place.c_str(), R_OK) == 0) return place;
    looked += "\n  " + place;
  }
  return std::unexpected("no configuration found; name one with --config FILE. Looked for:" +
                         looked);
}

}  // namespace customhouse::app
