#include "policy/rule_set.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "policy/base64.h"
#include "policy/rule_set_implementation.h"

namespace customhouse::policy {
namespace {

/// Part of the digest: raise it when validators, normaliser or scanner find other things.
constexpr std::string_view kDetectorCode = "customhouse detectors 2\n";

}  // namespace

std::string to_string(const PolicyError& error) {
  std::string text = error.file;
  if (error.line > 0) {
    text += ":" + std::to_string(error.line) + ":" + std::to_string(error.column);
  }
  return text + ": " + error.what;
}

const Detector* RuleSet::Implementation::find(std::string_view id) const {
  const auto found = by_id.find(id);
  return found == by_id.end() ? nullptr : &detectors[found->second];
}

void RuleSet::Implementation::build_gate() {
  std::map<std::string, std::vector<std::uint32_t>> by_word;
  fewest_digits = shortest_token = SIZE_MAX;
  for (std::uint32_t i = 0; i < detectors.size(); ++i) {
    const Detector& d = detectors[i];
    for (const std::string& word : d.keywords) by_word[word].push_back(i);
    if (d.at_sign) at_sign.push_back(i);
    switch (d.shape) {
      case Shape::None:
        break;
      case Shape::Digits:
        reach_of_digits = std::max({reach_of_digits, d.before, d.after});
        if (!d.context_required) digits.push_back(i);
        fewest_digits = std::min(fewest_digits, d.shape_minimum);
        break;
      case Shape::DottedQuad:
        dotted_quad.push_back(i);
        break;
      case Shape::HexGroups:
        hex_groups.push_back(i);
        break;
      case Shape::Token:
        tokens.push_back(i);
        shortest_token = std::min(shortest_token, d.shape_minimum);
        break;
    }
  }
  std::vector<std::string> words;
  for (auto& [word, owners] : by_word) {
    words.push_back(word);
    keyword_detectors.push_back(std::move(owners));
  }
  keywords = LiteralSet(std::move(words));
  build_context();
}

void RuleSet::Implementation::build_context() {
  std::map<std::string, std::uint32_t> ids;
  for (const Detector& d : detectors) {
    for (const std::string& word : d.context) ids.try_emplace(word, 0);
  }
  std::vector<std::string> words;
  for (auto& [word, id] : ids) {
    id = static_cast<std::uint32_t>(words.size());
    words.push_back(word);
  }
  context_digits.resize(words.size());
  for (std::uint32_t i = 0; i < detectors.size(); ++i) {
    Detector& d = detectors[i];
    for (const std::string& word : d.context) d.context_words.push_back(ids.at(word));
    std::ranges::sort(d.context_words);
    if (d.shape != Shape::Digits || !d.context_required) continue;
    for (const std::uint32_t word : d.context_words) {
      if (context_digits[word].empty() || context_digits[word].back() != i) {
        context_digits[word].push_back(i);
      }
    }
  }
  context = LiteralSet(std::move(words));
  by_id.reserve(detectors.size());
  for (std::uint32_t i = 0; i < detectors.size(); ++i) by_id.emplace(detectors[i].id, i);
}

std::expected<std::shared_ptr<const RuleSet>, std::vector<PolicyError>> RuleSet::load(
    const std::vector<std::string>& paths, const FileReader& read_file) {
  auto implementation = std::make_unique<Implementation>();
  std::vector<PolicyError> errors =
      parse_policies(paths, RuleFiles{read_file, kPatternMemory}, *implementation);
  if (!errors.empty()) return std::unexpected(std::move(errors));
  const std::string material = std::string(kDetectorCode) + implementation->digest;
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(material.data()), material.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  implementation->digest = encode_hex(digest);
  implementation->build_gate();
  return std::shared_ptr<const RuleSet>(new RuleSet(std::move(implementation)));
}

RuleSet::RuleSet(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
RuleSet::~RuleSet() = default;

const std::string& RuleSet::digest() const noexcept {
  return implementation_->digest;
}
std::size_t RuleSet::detector_count() const noexcept {
  return implementation_->detectors.size();
}

}  // namespace customhouse::policy
