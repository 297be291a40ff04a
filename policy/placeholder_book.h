// The placeholders of one exchange: one per value, never one for two.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "policy/decision.h"
#include "policy/pseudonym.h"

namespace customhouse::policy {

class PlaceholderBook {
 public:
  explicit PlaceholderBook(const PseudonymKey& key) : key_(key) {}

  /// A placeholder that the prompt already contains: ours must be told from it.
  void note_literal(std::string_view placeholder) { literals_.emplace(placeholder); }

  /// The placeholder of a value. `original` is how it stood where it was seen first; `hosts` are
  /// added to those it may go back to.
  const std::string& take(std::string_view type, std::string_view normalized,
                          std::string_view original, Restore restore,
                          const std::vector<std::string>& hosts);

  std::vector<RestoreEntry> entries() && { return std::move(entries_); }

 private:
  const PseudonymKey& key_;
  std::unordered_set<std::string> literals_;
  std::unordered_set<std::string> given_;
  std::unordered_map<std::string, std::size_t> by_value_;  // type \0 normalised -> entry
  std::vector<RestoreEntry> entries_;
};

/// Hosts of the URLs in a text, lower-case, each once.
std::vector<std::string> url_hosts(std::string_view text);

}  // namespace customhouse::policy
