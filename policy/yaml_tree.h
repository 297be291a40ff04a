// A YAML document as a tree with places, read strictly: one document, no anchors or aliases (they
// expand), no duplicate keys, bounded in size and depth.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "policy/rule_set.h"

namespace customhouse::policy {

struct YamlNode {
  enum class Kind : std::uint8_t { Null, Scalar, Sequence, Map } kind = Kind::Null;
  std::string scalar;
  int line = 0, column = 0;     // from 1
  std::vector<YamlNode> items;  // a map's keys and values in turn
};

inline constexpr std::size_t kMaxPolicyFileBytes = 1 << 20;
inline constexpr std::size_t kMaxYamlDepth = 16;

std::expected<YamlNode, PolicyError> parse_yaml(const std::string& file, std::string_view text);

/// Reads a map's members once each; what nobody asked for is an unknown key. Faults go to `errors`
/// and reading continues, so that one look shows them all.
class YamlMap {
 public:
  YamlMap(const YamlNode& node, const std::string& file, std::string what,
          std::vector<PolicyError>& errors);

  /// nullptr if the key is missing.
  const YamlNode* find(std::string_view key);
  const YamlNode* require(std::string_view key);

  std::string text(std::string_view key, bool required = false);
  /// A string or a list of strings.
  std::vector<std::string> texts(std::string_view key, bool required = false);
  std::size_t number(std::string_view key, std::size_t otherwise, std::size_t most);
  bool flag(std::string_view key, bool otherwise);
  std::vector<std::string> texts_of(const YamlNode& node, std::string_view what);

  void error(const YamlNode& at, std::string what);
  const YamlNode& node() const noexcept { return node_; }
  /// Reports the keys that nobody asked for.
  void finish();

 private:
  const YamlNode& node_;
  const std::string& file_;
  std::string what_;
  std::vector<PolicyError>& errors_;
  std::vector<bool> used_;
};

}  // namespace customhouse::policy
