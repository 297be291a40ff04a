#include <algorithm>

#include "policy/rule_set.h"
#include "policy/rule_set_implementation.h"
#include "policy/scanner.h"

namespace customhouse::policy {

std::vector<PolicyError> check_examples(const RuleSet& rules) {
  std::vector<PolicyError> faults;
  for (const Detector& d : rules.implementation().detectors) {
    const auto check = [&](const Detector::Example& example, bool match) {
      const auto findings = scan(rules, example.text);
      const bool found = findings && std::ranges::any_of(*findings, [&](const Finding& f) {
                           return match ? f.type == d.type : f.detector == d.id;
                         });
      if (found == match) return;
      faults.push_back({d.file, example.line, example.column,
                        d.id + (match ? " does not find this example"
                                      : " finds this example, which it must not")});
    };
    for (const auto& example : d.match) check(example, true);
    for (const auto& example : d.no_match) check(example, false);
  }
  return faults;
}

}  // namespace customhouse::policy
