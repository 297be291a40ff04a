// A compiled policy: detectors and rules. Immutable, shared between threads, swapped whole.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/finding.h"

namespace customhouse::policy {

/// A fault in a policy file, told as "file:line:column: what, and the mend".
struct PolicyError {
  std::string file;
  int line = 0, column = 0;  // from 1; 0 if the fault has no place
  std::string what;
};
std::string to_string(const PolicyError& error);

/// Reads a file that a policy names, path relative to the naming file: the caller does the I/O.
using FileReader = std::function<std::expected<std::string, std::string>(const std::string& path)>;

class RuleSet {
 public:
  /// Compiles policy files (format: config/schema/policy.schema.json; example:
  /// config/policies/default.yaml) in order; later files add rules. All faults found are returned.
  static std::expected<std::shared_ptr<const RuleSet>, std::vector<PolicyError>> load(
      const std::vector<std::string>& paths, const FileReader& read_file);

  ~RuleSet();
  RuleSet(const RuleSet&) = delete;
  RuleSet& operator=(const RuleSet&) = delete;

  /// SHA-256 (hex) of everything that decides: files in order, detector code version.
  const std::string& digest() const noexcept;
  std::size_t detector_count() const noexcept;

  struct Implementation;
  const Implementation& implementation() const noexcept { return *implementation_; }

 private:
  explicit RuleSet(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

/// Scans every detector's examples: a match without a finding of its type, or a no_match with a
/// finding of the detector, is a fault at the example's place.
std::vector<PolicyError> check_examples(const RuleSet& rules);

}  // namespace customhouse::policy
