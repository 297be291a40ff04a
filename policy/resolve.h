// Overlaps between findings.
#pragma once

#include <vector>

#include "policy/finding.h"
#include "policy/rule_set_implementation.h"

namespace customhouse::policy {

/// Of overlapping findings the most certain stays, then the longest. A secret that encloses a more
/// certain finding wins all the same: what is left of it round the other would still give it away.
/// Result: sorted by begin, disjoint.
std::vector<Finding> resolve_overlaps(std::vector<Finding> findings,
                                      const RuleSet::Implementation& rules);

}  // namespace customhouse::policy
