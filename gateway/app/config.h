// The configuration file as a value (YAML; config/schema/customhouse.schema.json).
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "audit/log.h"
#include "gateway/net/options.h"
#include "gateway/provider/extraction.h"

namespace customhouse::app {

struct Config {
  std::string file;      // absolute
  std::string data_dir;  // absolute, as every path below
  net::ServerOptions server;
  std::string ca_certificate, ca_private_key;
  std::string providers;
  std::vector<std::string> policies;
  audit::LogOptions audit;    // without its key
  std::string ledger_key;     // file of the key that signs checkpoints
  std::string ledger_origin;  // name of the key when it is made; empty: from the host's name
  bool serve_entries = false;
  provider::ExtractionLimits extraction_limits;
  std::string log_level = "info";
};

struct ConfigError {
  std::string file;
  int line = 0, column = 0;
  std::string what;
};
std::string to_string(const ConfigError& error);  // "file:line:column: what"

/// Unknown keys, wrong types, bad addresses and values out of range are errors that name the mend;
/// all that are found come back together. Relative paths are relative to the file (ca: to
/// data_dir).
std::expected<Config, std::vector<ConfigError>> load_config(const std::string& path);

}  // namespace customhouse::app
