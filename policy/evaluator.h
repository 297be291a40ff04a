// spans in, decision out. Pure: no clock, socket, file or global.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "policy/decision.h"
#include "policy/pseudonym.h"
#include "policy/rule_set.h"
#include "policy/scanner.h"
#include "policy/span.h"

namespace customhouse::policy {

/// Facts about the request that rules may test. Empty = unknown.
struct RequestFacts {
  std::string_view provider;
  std::string_view host;
  std::string_view jurisdiction;
  std::string_view model;
  std::string_view actor;
};

/// Scans every span, applies the rules in order, and chooses replacements. A value found in one
/// span is replaced in all spans of the request where it stands verbatim (history repeats values
/// without the context that gave them away), if its type's rule redacts and it is long enough to
/// be told from chance.
/// An error means "could not be decided": the caller blocks.
std::expected<Decision, ScanError> evaluate(const RuleSet& rules, const RequestFacts& facts,
                                            std::span<const TextSpan> spans,
                                            const Coverage& coverage, const PseudonymKey& key);

}  // namespace customhouse::policy
