// What the commands share: find the configuration, load rules, read standard input, complain.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/app/config.h"
#include "policy/rule_set.h"

namespace customhouse::app {

/// "customhouse: …" on standard error.
void complain(std::string_view what);
void complain(const std::vector<std::string>& what);

/// nullopt: complained already; the command ends with kExitUsage.
std::optional<Config> load_config_or_complain(const std::string& given);

/// The rules of `policy` if it is not empty, else of the configuration. nullptr: complained.
std::shared_ptr<const policy::RuleSet> load_rules_or_complain(const std::string& policy,
                                                              const std::string& config);

/// All of standard input, at most `max_bytes`.
std::expected<std::string, std::string> read_standard_input(std::size_t max_bytes);
/// False if nobody reads any more.
bool write_standard_output(std::string_view bytes);

inline constexpr std::size_t kMaxInputBytes = 1u << 30;

}  // namespace customhouse::app
