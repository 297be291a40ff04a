// Any bytes under the shipped policy: findings are sorted, disjoint and inside the text, and what
// was redacted is not redacted again.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <expected>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "policy/edit.h"
#include "policy/evaluator.h"
#include "policy/placeholders.h"

namespace {
using namespace customhouse::policy;

const RuleSet& rules() {
  static const auto kRules = [] {
    auto made =
        RuleSet::load({CUSTOMHOUSE_SOURCE_DIR "/config/policies/default.yaml"},
                      [](const std::string& path) -> std::expected<std::string, std::string> {
                        std::ifstream file(path, std::ios::binary);
                        return std::string{std::istreambuf_iterator<char>(file), {}};
                      });
    if (!made) std::abort();
    return *made;
  }();
  return *kRules;
}

void check(const std::vector<Finding>& findings, std::size_t size) {
  std::size_t end = 0;
  for (const Finding& f : findings) {
    if (f.begin < end || f.begin >= f.end || f.end > size || f.type.empty()) std::abort();
    end = f.end;
    check(f.encoded.findings, f.encoded.decoded.size());
  }
}

/// The decision about a text, its replacements as edits.
std::vector<Edit> edits_for(const std::string& text, const PseudonymKey& key) {
  const TextSpan span{text, "/x", SpanRole::Text};
  const auto decision = evaluate(rules(), {}, {&span, 1}, {}, key);
  std::vector<Edit> edits;
  if (!decision) return edits;
  for (const Replacement& r : decision->replacements) edits.push_back({r.begin, r.end, r.text});
  return edits;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16 << 10) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  static const PseudonymKey kKey(std::array<std::uint8_t, 32>{1, 2, 3});
  for (const SpanRole role : {SpanRole::Text, SpanRole::Identifier}) {
    if (const auto findings = scan(rules(), text, role)) check(*findings, size);
  }
  const std::string once = apply_edits(text, edits_for(text, kKey));
  // A second pass may find what the first one uncovered, but touches no placeholder.
  const auto standing = find_placeholders(once);
  const auto second = edits_for(once, kKey);
  for (const Edit& edit : second) {
    for (const PlaceholderPlace& place : standing) {
      if (edit.begin < place.end && place.begin < edit.end) std::abort();
    }
  }
  (void)apply_edits(once, second);
  return 0;
}
