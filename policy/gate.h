// Which detectors may match where: one pass over literals, one over digits and punctuation. Almost
// all text is done with here.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "policy/normalizer.h"
#include "policy/rule_set_implementation.h"

namespace customhouse::policy {

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

/// Looks at `ranges` of the text (ascending, disjoint) only; windows may reach beyond them.
GateResult pass_gate(const RuleSet::Implementation& rules, std::string_view text,
                     std::span<const Window> ranges);

}  // namespace customhouse::policy
