// Findings in one text. Pure; linear in the text; thread-safe (a RuleSet is immutable).
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "policy/finding.h"
#include "policy/rule_set.h"
#include "policy/span.h"

namespace customhouse::policy {

/// Why a text could not be scanned (RE2 out of memory, a limit). It is never read as "clean":
/// callers block (promise 5).
struct ScanError {
  std::string what;
};

/// Findings of every detector, disguises undone, overlaps resolved to the most certain, then the
/// longest; sorted by begin, disjoint. Offsets are into `text` as given.
std::expected<std::vector<Finding>, ScanError> scan(const RuleSet& rules, std::string_view text,
                                                    SpanRole role = SpanRole::Text);

}  // namespace customhouse::policy
