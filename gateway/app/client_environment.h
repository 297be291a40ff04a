// What a client must be told to go through this gateway: proxy address and whom to trust.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/app/config.h"

namespace customhouse::app {

enum class Shell { Sh, Fish, PowerShell };

/// Variables in the order in which they are printed.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// `proxy` is "address:port" as a client reaches it. `bundle` replaces a client's trust store,
/// `ca` is added to it.
Environment client_environment(std::string_view proxy, const std::string& ca,
                               const std::string& bundle);

/// One line a variable, quoted so that no value can run as code.
std::string render(const Environment& environment, Shell shell);

/// First of the usual places where the system keeps its trusted roots as one PEM file; "" if none.
std::string system_trust_store();

std::string bundle_path(const Config& config);
/// Writes the system's roots and our CA into data_dir/ca/bundle.pem, if it is not that already.
std::expected<void, std::string> write_bundle(const Config& config);

/// The environment of this configuration: addresses of the running gateway if there is one.
/// The error says what to do first.
std::expected<Environment, std::string> environment_of(const Config& config);

}  // namespace customhouse::app
