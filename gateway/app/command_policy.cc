// policy check: does it compile, and do its own examples hold?
#include "gateway/app/app.h"
#include "gateway/app/command_support.h"
#include "gateway/app/commands.h"
#include "gateway/app/snapshot_loader.h"

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

}  // namespace customhouse::app
