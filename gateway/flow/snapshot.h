// What an exchange is judged by: built whole, swapped whole. An exchange keeps the one it began
// with, so its record can name it, and a reload never mixes two policies in one verdict.
#pragma once

#include <memory>
#include <string>

#include "gateway/provider/extraction.h"
#include "gateway/provider/provider_table.h"
#include "policy/pseudonym.h"
#include "policy/rule_set.h"

namespace customhouse::flow {

struct Snapshot {
  std::shared_ptr<const policy::RuleSet> rules;
  std::shared_ptr<const provider::ProviderTable> providers;
  std::shared_ptr<const policy::PseudonymKey> pseudonym_key;  // stays the same across reloads
  provider::ExtractionLimits extraction_limits;
};

}  // namespace customhouse::flow
