// Where commands look for the configuration when no --config is given.
#pragma once

#include <expected>
#include <string>
#include <vector>

namespace customhouse::app {

/// In this order: ./config, /etc/customhouse, and the source tree of a built program.
std::vector<std::string> default_config_places();

/// `given` if not empty, else the first of the places that exists. The error says where it looked.
std::expected<std::string, std::string> find_config(const std::string& given);

}  // namespace customhouse::app
