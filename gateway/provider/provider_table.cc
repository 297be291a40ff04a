#include "gateway/provider/provider_table.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <set>

namespace customhouse::provider {

namespace {

constexpr std::size_t kMaxProviders = 10'000;
constexpr std::size_t kMaxHosts = 100'000;

bool is_label(std::string_view label) noexcept {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
    return false;
  return std::ranges::all_of(label, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

/// Labels from `host`'s front, one a call; false when none is left.
bool next_label(std::string_view& host, std::string_view& label) noexcept {
  if (host.empty()) return false;
  const std::size_t dot = std::min(host.find('.'), host.size());
  label = host.substr(0, dot);
  host.remove_prefix(std::min(dot + 1, host.size()));
  return true;
}

enum class HostKind : std::uint8_t { Malformed, Exact, Front, Inner };

/// A '*' is a whole label: in front, or once between labels; two plain labels always end the host,
/// so that no row can claim a whole top-level domain.
HostKind kind_of(std::string_view host) noexcept {
  if (host.empty() || host.size() > 253 || host.ends_with('.')) return HostKind::Malformed;
  std::string_view rest = host, label;
  std::size_t position = 0, plain_behind = 0, stars = 0, star_at = 0;
  while (next_label(rest, label)) {
    if (label == "*") {
      ++stars;
      star_at = position;
      plain_behind = 0;
    } else if (is_label(label)) {
      ++plain_behind;
    } else {
      return HostKind::Malformed;
    }
    ++position;
  }
  const std::string_view last = host.substr(host.rfind('.') + 1);
  const bool numeric = std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
  if (stars > 1 || plain_behind < 2 || numeric) return HostKind::Malformed;
  if (stars == 0) return HostKind::Exact;
  return star_at == 0 ? HostKind::Front : HostKind::Inner;
}

bool matches_inner(std::string_view pattern, std::string_view host) noexcept {
  std::string_view want, have;
  while (next_label(pattern, want)) {
    if (!next_label(host, have) || have.empty() || (want != "*" && want != have)) return false;
  }
  return host.empty();
}

constexpr std::array<std::pair<std::string_view, Family>, 6> kFamilies = {
    {{"openai", Family::OpenAi},
     {"anthropic", Family::Anthropic},
     {"gemini", Family::Gemini},
     {"cohere", Family::Cohere},
     {"bedrock", Family::Bedrock},
     {"json", Family::Json}}};

}  // namespace

std::string to_string(const TableError& error) {
  return error.file + ":" + std::to_string(error.line) + ":" + std::to_string(error.column) + ": " +
         error.what;
}

/// Reads one file. The first fault ends it: later ones may be its consequences.
class TableParser {
 public:
  explicit TableParser(std::string file) : file_(std::move(file)) {}

  std::expected<ProviderTable, TableError> parse(const YAML::Node& root) {
    if (!read_root(root)) return std::unexpected(error_);
    table_.index_hosts();
    if (!check_base_hosts(root)) return std::unexpected(error_);
    return std::move(table_);
  }

 private:
  bool fail(const YAML::Mark& mark, std::string what) {
    error_ = {file_, mark.line + 1, mark.column + 1, std::move(what)};
    return false;
  }

  bool check_keys(const YAML::Node& map, std::initializer_list<std::string_view> known) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) return fail(entry.first.Mark(), "a key must be text");
      const std::string& key = entry.first.Scalar();
      if (std::ranges::find(known, key) == known.end())
        return fail(entry.first.Mark(), "unknown key '" + key + "'");
      if (!seen.insert(key).second)
        return fail(entry.first.Mark(), "key '" + key + "' stands twice");
    }
    return true;
  }

  bool read_root(const YAML::Node& root) {
    if (!root.IsMap()) return fail(root.Mark(), "expected a mapping with the key 'providers'");
    if (!check_keys(root, {"providers"})) return false;
    const YAML::Node list = root["providers"];
    if (!list) return fail(root.Mark(), "the key 'providers' is missing");
    if (!list.IsSequence() || list.size() == 0)
      return fail(list.Mark(), "'providers' must be a list with entries");
    if (list.size() > kMaxProviders) return fail(list.Mark(), "too many providers");
    for (const auto& entry : list) {
      if (!read_provider(entry)) return false;
    }
    return true;
  }

  bool text(const YAML::Node& map, const char* key, bool required, std::string& value) {
    const YAML::Node node = map[key];
    if (!node)
      return required ? fail(map.Mark(), std::string("the key '") + key + "' is missing") : true;
    if (!node.IsScalar()) return fail(node.Mark(), std::string("'") + key + "' must be text");
    value = node.Scalar();
    if (required && value.empty()) return fail(node.Mark(), std::string("'") + key + "' is empty");
    return true;
  }

  bool read_provider(const YAML::Node& node) {
    if (!node.IsMap()) return fail(node.Mark(), "a provider must be a mapping");
    if (!check_keys(node, {"id", "name", "family", "hosts", "base_url_host", "base_path",
                           "operator_country", "jurisdiction", "inference"})) {
      return false;
    }
    Provider provider;
    std::string family, inference = "true";
    if (!text(node, "id", true, provider.id) || !text(node, "name", true, provider.name) ||
        !text(node, "family", true, family) ||
        !text(node, "base_url_host", false, provider.base_url_host) ||
        !text(node, "base_path", false, provider.base_path) ||
        !text(node, "operator_country", false, provider.operator_country) ||
        !text(node, "jurisdiction", true, provider.jurisdiction) ||
        !text(node, "inference", false, inference)) {
      return false;
    }
    if (!is_label(provider.id))
      return fail(node["id"].Mark(), "'id' must consist of a-z, 0-9, '-' and '_'");
    if (!ids_.insert(provider.id).second)
      return fail(node["id"].Mark(), "id '" + provider.id + "' stands twice");
    const auto known =
        std::ranges::find(kFamilies, family, &std::pair<std::string_view, Family>::first);
    if (known == kFamilies.end()) {
      return fail(node["family"].Mark(),
                  "unknown family; use openai, anthropic, gemini, cohere, bedrock or json");
    }
    provider.family = known->second;
    if (inference != "true" && inference != "false")
      return fail(node["inference"].Mark(), "'inference' must be true or false");
    provider.inference = inference == "true";
    if (!check_places(node, provider) || !read_hosts(node, provider)) return false;
    table_.providers_.push_back(std::move(provider));
    return true;
  }

  bool check_places(const YAML::Node& node, const Provider& provider) {
    const auto upper = [](std::string_view word) {
      return std::ranges::all_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
    };
    const std::string& country = provider.operator_country;
    if (!country.empty() && (country.size() != 2 || !upper(country))) {
      return fail(node["operator_country"].Mark(),
                  "'operator_country' must be two capital letters (ISO 3166-1)");
    }
    const std::string& place = provider.jurisdiction;
    if (!upper(place) || (place.size() != 2 && place != "GLOBAL" && place != "UNKNOWN")) {
      return fail(node["jurisdiction"].Mark(),
                  "'jurisdiction' must be two capital letters, GLOBAL or UNKNOWN");
    }
    const std::string& path = provider.base_path;
    const bool plain = std::ranges::all_of(path, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '/' || c == '-' || c == '_' || c == '.';
    });
    if (!path.empty() && (path.front() != '/' || path.back() == '/' || !plain ||
                          path.find("..") != std::string::npos)) {
      return fail(node["base_path"].Mark(), "'base_path' must begin with '/' and not end with one");
    }
    return true;
  }

  bool read_hosts(const YAML::Node& node, Provider& provider) {
    const YAML::Node hosts = node["hosts"];
    if (!hosts) return fail(node.Mark(), "the key 'hosts' is missing");
    if (!hosts.IsSequence() || hosts.size() == 0)
      return fail(hosts.Mark(), "'hosts' must be a list with entries");
    for (const auto& host : hosts) {
      if (!host.IsScalar() || kind_of(host.Scalar()) == HostKind::Malformed) {
        return fail(host.Mark(),
                    "malformed host: lower case without port, at least two labels behind a '*', "
                    "which is a whole label");
      }
      if (hosts_.size() >= kMaxHosts) return fail(host.Mark(), "too many hosts");
      if (!hosts_.insert(host.Scalar()).second)
        return fail(host.Mark(), "host '" + host.Scalar() + "' stands twice");
      provider.hosts.push_back(host.Scalar());
    }
    return true;
  }

  // What base-URL mode sends to must be governed by the same row.
  bool check_base_hosts(const YAML::Node& root) {
    std::size_t position = 0;
    for (const Provider& provider : table_.providers_) {
      const YAML::Node row = root["providers"][position++];
      if (provider.base_url_host.empty()) {
        if (!provider.base_path.empty())
          return fail(row["base_path"].Mark(), "'base_path' without 'base_url_host'");
        continue;
      }
      if (kind_of(provider.base_url_host) != HostKind::Exact ||
          table_.find_host(provider.base_url_host) != &provider) {
        return fail(row["base_url_host"].Mark(),
                    "'base_url_host' is not among this provider's hosts");
      }
    }
    return true;
  }

  std::string file_;
  TableError error_;
  ProviderTable table_;
  std::set<std::string> ids_, hosts_;
};

std::expected<ProviderTable, TableError> ProviderTable::parse(std::string_view yaml,
                                                              const std::string& file) {
  // yaml-cpp reports by exception; none leaves this function. It expands no aliases into copies,
  // but a cycle of them would never end: anchors are not needed here.
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    return TableParser(file).parse(root);
  } catch (const YAML::Exception& error) {
    return std::unexpected(TableError{file, error.mark.line + 1, error.mark.column + 1, error.msg});
  }
}

void ProviderTable::index_hosts() {
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    for (const std::string& host : providers_[i].hosts) {
      switch (kind_of(host)) {
        case HostKind::Exact:
          exact_.emplace_back(host, i);
          break;
        case HostKind::Front:
          wildcard_.emplace_back(host.substr(1), i);
          break;
        case HostKind::Inner:
          inner_.emplace_back(host, i);
          break;
        case HostKind::Malformed:
          break;  // read_hosts() let none through
      }
    }
  }
  std::ranges::sort(exact_);
  const auto longest_first = [](const auto& a, const auto& b) {
    return a.first.size() != b.first.size() ? a.first.size() > b.first.size() : a.first < b.first;
  };
  std::ranges::sort(wildcard_, longest_first);
  std::ranges::sort(inner_, longest_first);
}

const Provider* ProviderTable::find_host(std::string_view host) const noexcept {
  const auto at = std::ranges::lower_bound(
      exact_, host, {}, [](const auto& entry) { return std::string_view(entry.first); });
  if (at != exact_.end() && at->first == host) return &providers_[at->second];
  for (const auto& [pattern, provider] : inner_) {
    if (matches_inner(pattern, host)) return &providers_[provider];
  }
  for (const auto& [suffix, provider] : wildcard_) {
    if (host.size() > suffix.size() && host.ends_with(suffix)) return &providers_[provider];
  }
  return nullptr;
}

const Provider* ProviderTable::find_id(std::string_view id) const noexcept {
  const auto at = std::ranges::find(providers_, id, &Provider::id);
  return at == providers_.end() ? nullptr : &*at;
}

std::vector<std::string> ProviderTable::constraint_domains() const {
  std::set<std::string> domains;
  for (const Provider& provider : providers_) {
    for (const std::string& host : provider.hosts) {
      if (host.starts_with("*.")) domains.insert(host.substr(2));
      // An inner wildcard's only common domain is far wider than its hosts: left out.
      else if (!host.contains('*')) domains.insert(host);
    }
  }
  std::vector<std::string> result;
  for (const std::string& domain : domains) {
    bool covered = false;
    for (std::size_t dot = domain.find('.'); dot != std::string::npos && !covered;
         dot = domain.find('.', dot + 1)) {
      covered = domains.contains(domain.substr(dot + 1));
    }
    if (!covered) result.push_back(domain);
  }
  return result;
}

}  // namespace customhouse::provider
