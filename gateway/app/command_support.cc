#include "gateway/app/command_support.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "gateway/app/default_config.h"
#include "gateway/app/snapshot_loader.h"

namespace customhouse::app {

void complain(std::string_view what) {
  const std::string line = "customhouse: " + std::string(what) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void complain(const std::vector<std::string>& what) {
  for (const auto& line : what) complain(line);
}

std::optional<Config> load_config_or_complain(const std::string& given) {
  const auto file = find_config(given);
  if (!file) {
    complain(file.error());
    return std::nullopt;
  }
  auto config = load_config(*file);
  if (config) return std::move(*config);
  for (const auto& error : config.error()) complain(to_string(error));
  return std::nullopt;
}

std::shared_ptr<const policy::RuleSet> load_rules_or_complain(const std::string& policy,
                                                              const std::string& config) {
  std::vector<std::string> files{policy};
  if (policy.empty()) {
    auto loaded = load_config_or_complain(config);
    if (!loaded) return nullptr;
    files = std::move(loaded->policies);
  }
  auto rules = load_rules(files);
  if (rules) return std::move(*rules);
  complain(rules.error());
  return nullptr;
}

std::expected<std::string, std::string> read_standard_input(std::size_t max_bytes) {
  std::string input;
  std::string block(64 * 1024, '\0');
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      return std::unexpected(std::string("cannot read the input: ") + std::strerror(errno));
    if (n == 0) return input;
    input.append(block, 0, static_cast<std::size_t>(n));
    if (input.size() > max_bytes) {
      return std::unexpected("the input is larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

bool write_standard_output(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace customhouse::app
