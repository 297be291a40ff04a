#include "gateway/app/snapshot_loader.h"

#include <utility>

#include "gateway/app/files.h"

namespace customhouse::app {

std::expected<std::shared_ptr<const policy::RuleSet>, Complaints> load_rules(
    const std::vector<std::string>& policy_files) {
  auto rules =
      policy::RuleSet::load(policy_files, [](const std::string& path) { return read_file(path); });
  if (rules) return std::move(*rules);
  Complaints complaints;
  for (const auto& error : rules.error()) complaints.push_back(policy::to_string(error));
  return std::unexpected(std::move(complaints));
}

Complaints failing_examples(const policy::RuleSet& rules) {
  Complaints complaints;
  for (const auto& error : policy::check_examples(rules)) {
    complaints.push_back(policy::to_string(error));
  }
  return complaints;
}

std::expected<std::shared_ptr<const provider::ProviderTable>, Complaints> load_providers(
    const std::string& file) {
  const auto yaml = read_file(file);
  if (!yaml) return std::unexpected(Complaints{yaml.error()});
  auto table = provider::ProviderTable::parse(*yaml, file);
  if (!table) return std::unexpected(Complaints{provider::to_string(table.error())});
  return std::make_shared<const provider::ProviderTable>(std::move(*table));
}

std::expected<std::shared_ptr<const flow::Snapshot>, Complaints> load_snapshot(
    const Config& config, PseudonymKeyPtr key) {
  auto rules = load_rules(config.policies);
  auto providers = load_providers(config.providers);
  Complaints complaints;
  if (!rules) complaints = std::move(rules.error());
  if (!providers) {
    complaints.insert(complaints.end(), providers.error().begin(), providers.error().end());
  }
  if (!complaints.empty()) return std::unexpected(std::move(complaints));
  auto snapshot = std::make_shared<flow::Snapshot>();
  snapshot->rules = std::move(*rules);
  snapshot->providers = std::move(*providers);
  snapshot->pseudonym_key = std::move(key);
  snapshot->extraction_limits = config.extraction_limits;
  return snapshot;
}

}  // namespace customhouse::app
