// Policy and provider files -> the snapshot that exchanges are judged by.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "gateway/app/config.h"
#include "gateway/app/pseudonym_key_file.h"
#include "gateway/flow/snapshot.h"

namespace customhouse::app {

/// Faults as "file:line:column: what, and the mend", all that are found.
using Complaints = std::vector<std::string>;

std::expected<std::shared_ptr<const policy::RuleSet>, Complaints> load_rules(
    const std::vector<std::string>& policy_files);
/// Examples of the policies' own detectors that do not hold. Takes longer than loading: for checks.
Complaints failing_examples(const policy::RuleSet& rules);
std::expected<std::shared_ptr<const provider::ProviderTable>, Complaints> load_providers(
    const std::string& file);
/// Both, or the faults of both.
std::expected<std::shared_ptr<const flow::Snapshot>, Complaints> load_snapshot(const Config& config,
                                                                               PseudonymKeyPtr key);

}  // namespace customhouse::app
