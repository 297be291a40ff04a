// Which detectors may match where: one pass over literals, one over digits and punctuation. Almost
// all text is done with here.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "policy/rule_set_implementation.h"

namespace customhouse::policy {

struct Window {
  std::size_t begin = 0, end = 0;
};

/// An unbroken run of base64 or hex characters: a candidate for decoding.
struct TokenRun {
  std::size_t begin = 0, end = 0;
};

struct GateResult {
  std::vector<std::vector<Window>> windows;  // by detector; ascending, disjoint
  std::vector<TokenRun> tokens;              // ascending, disjoint
  bool non_ascii = false;
  bool escapes = false;  // '%', '&' or '\\' stands in the text
};

GateResult pass_gate(const RuleSet::Implementation& rules, std::string_view text);

}  // namespace customhouse::policy
