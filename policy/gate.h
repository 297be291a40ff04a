// Which detectors may match where: one pass over literals, one over digits and punctuation. Almost
// all text is done with here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/context_index.h"
#include "policy/normalizer.h"
#include "policy/rule_set_implementation.h"

namespace customhouse::policy {

/// An unbroken run of base64 or hex characters: a candidate for decoding.
struct TokenRun {
  std::size_t begin = 0, end = 0;
};

/// Where one detector looks.
struct DetectorWindow {
  std::uint32_t detector = 0;  // index in the rule set
  std::size_t begin = 0, end = 0;
};

struct GateResult {
  std::vector<DetectorWindow> windows;  // by detector, each one's ascending and disjoint
  std::vector<TokenRun> tokens;         // ascending, disjoint
  ContextIndex context;                 // of the text
  bool non_ascii = false;
  bool escapes = false;  // '%', '&' or '\\' stands in the text
};

/// Looks at `ranges` of the text (ascending, disjoint) only; windows may reach beyond them.
/// `known`: windows that are to be among the result's, whatever the ranges.
GateResult pass_gate(const RuleSet::Implementation& rules, std::string_view text,
                     std::span<const Window> ranges, std::vector<DetectorWindow> known = {});

/// The windows of a text in the text made of it, each at least as long as it was: what stood in
/// escapes is shorter now, and more of it may belong to the same value.
std::vector<DetectorWindow> carried_over(const std::vector<DetectorWindow>& windows,
                                         const MappedText& to);

}  // namespace customhouse::policy
