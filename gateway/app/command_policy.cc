// policy check: does it compile, and do its own examples hold? policy list: what can it find?
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "gateway/app/app.h"
#include "gateway/app/command_support.h"
#include "gateway/app/commands.h"
#include "gateway/app/snapshot_loader.h"
#include "policy/catalogue.h"

namespace customhouse::app {

int run_policy_check(const PolicyCheckOptions& options) {
  std::vector<std::string> files = options.files;
  if (files.empty()) {
    auto config = load_config_or_complain(options.config);
    if (!config) return kExitUsage;
    files = std::move(config->policies);
  }
  const auto rules = load_rules(files);
  if (!rules) {
    complain(rules.error());
    return kExitNo;
  }
  if (const auto failing = failing_examples(**rules); !failing.empty()) {
    complain(failing);
    return kExitNo;
  }
  const std::string out = "ok: " + std::to_string((*rules)->detector_count()) +
                          " detectors, policy digest " + (*rules)->digest() + "\n";
  return write_standard_output(out) ? kExitDone : kExitNo;
}

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text.empty() ? "-" : text;
}

std::string json_line(const policy::DetectorEntry& d) {
  nlohmann::ordered_json line{
      {"id", d.id},
      {"type", d.type},
      {"family", d.family},
      {"labels", d.labels},
      {"regions", d.regions},
      {"confidence", policy::to_string(d.confidence)},
      {"confidence_with_context", policy::to_string(d.confidence_with_context)},
      {"context_required", d.context_required},
      {"validator", d.validator},
      {"examples", d.examples}};
  return line.dump() + "\n";
}

std::string table_line(const policy::DetectorEntry& d) {
  std::string levels(policy::to_string(d.confidence));
  if (d.context_required) levels = "-";
  if (d.context_required || d.confidence_with_context != d.confidence) {
    levels += "/" + std::string(policy::to_string(d.confidence_with_context));
  }
  return fmt::format("{:<36} {:<28} {:<24} {:<24} {:<8} {:<16} {:<24} {:>8}\n", d.id, d.type,
                     d.family, joined(d.labels), joined(d.regions), levels,
                     d.validator.empty() ? "-" : d.validator, d.examples);
}

}  // namespace

int run_policy_list(const PolicyListOptions& options) {
  const auto rules = load_rules_or_complain(options.policy, options.config);
  if (!rules) return kExitUsage;
  std::string out;
  if (!options.json) {
    out = fmt::format("{:<36} {:<28} {:<24} {:<24} {:<8} {:<16} {:<24} {:>8}\n", "ID", "TYPE",
                      "FAMILY", "LABELS", "REGIONS", "LEVEL/CONTEXT", "VALIDATOR", "EXAMPLES");
  }
  for (const auto& entry : policy::catalogue(*rules)) {
    out += options.json ? json_line(entry) : table_line(entry);
  }
  return write_standard_output(out) ? kExitDone : kExitNo;
}

}  // namespace customhouse::app
