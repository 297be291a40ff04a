// What a rule set can find, and why it found what it found: for people. Never a value.
#pragma once

#include <string>
#include <vector>

#include "policy/finding.h"
#include "policy/rule_set.h"

namespace customhouse::policy {

struct DetectorEntry {
  std::string id, type;
  std::string family;  // the detector file's name without its ending
  std::vector<std::string> labels, regions;
  Confidence confidence = Confidence::Medium;  // without and with a context word
  Confidence confidence_with_context = Confidence::Medium;
  bool context_required = false;
  std::string validator;  // empty: none
  std::size_t examples = 0;
};
/// In the order of the policy.
std::vector<DetectorEntry> catalogue(const RuleSet& rules);

struct Explanation {
  std::string pattern;             // where it stands: "file:line:column"
  std::string validator;           // empty: none
  std::string context;             // the context word that stood near; empty: none
  std::vector<std::string> score;  // steps to the confidence, in order
};
/// `finding` is of these rules.
Explanation explain(const RuleSet& rules, const Finding& finding);

}  // namespace customhouse::policy
