// Who is behind a host: data, not code (config/providers.yaml).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::provider {

/// API family: which message shapes a provider speaks.
enum class Family : std::uint8_t {
  OpenAi,
  Anthropic,
  Gemini,
  Cohere,
  Bedrock,
  Json /* unknown: every string scanned */
};

struct Provider {
  std::string id;    // "openai": also the first path segment in base-URL mode
  std::string name;  // for people
  Family family = Family::Json;
  /// "api.openai.com"; "*.openai.azure.com": '*' in front stands for one or more labels;
  /// "bedrock-runtime.*.amazonaws.com": between other labels for exactly one.
  std::vector<std::string> hosts;
  std::string base_url_host;     // host that base-URL mode sends to; empty: not offered there
  std::string base_path;         // prefix put before the path in base-URL mode ("/api" or "")
  std::string operator_country;  // ISO 3166-1 alpha-2, or "" if mixed
  std::string jurisdiction;  // where prompts are processed: "US", "EU", "CN", "GLOBAL", "UNKNOWN"
  bool inference = true;     // false: telemetry, login and other hosts of that provider
};

struct TableError {
  std::string file;
  int line = 0, column = 0;
  std::string what;
};
std::string to_string(const TableError& error);

/// Immutable; share it as shared_ptr<const ProviderTable>.
class ProviderTable {
 public:
  /// `file` is only used in errors. Unknown keys, duplicate ids or hosts, and malformed hosts are
  /// errors.
  static std::expected<ProviderTable, TableError> parse(std::string_view yaml,
                                                        const std::string& file);

  /// The provider governing a host (lower case, no port); exact beats wildcard, longer wildcard
  /// beats shorter. nullptr: unlisted.
  const Provider* find_host(std::string_view host) const noexcept;
  const Provider* find_id(std::string_view id) const noexcept;
  const std::vector<Provider>& providers() const noexcept { return providers_; }
  /// Domains for the CA's name constraints: hosts, and what stands behind a leading "*.". Hosts
  /// that only an inner wildcard matches are governed but not covered: they are refused.
  std::vector<std::string> constraint_domains() const;

 private:
  friend class TableParser;
  void index_hosts();

  std::vector<Provider> providers_;
  std::vector<std::pair<std::string, std::size_t>> exact_;  // sorted by host
  std::vector<std::pair<std::string, std::size_t>>
      wildcard_;  // suffix with leading dot, longest first
  std::vector<std::pair<std::string, std::size_t>> inner_;  // "a.*.b", longest first
};

}  // namespace customhouse::provider
