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

std::string redacted(const std::string& text, const PseudonymKey& key, std::size_t* count) {
  const TextSpan span{text, "/x", SpanRole::Text};
  const auto decision = evaluate(rules(), {}, {&span, 1}, {}, key);
  if (!decision) return text;
  std::vector<Edit> edits;
  for (const Replacement& r : decision->replacements) edits.push_back({r.begin, r.end, r.text});
  *count = edits.size();
  return apply_edits(text, edits);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16 << 10) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  static const PseudonymKey kKey(std::array<std::uint8_t, 32>{1, 2, 3});
  for (const SpanRole role : {SpanRole::Text, SpanRole::Identifier}) {
    if (const auto findings = scan(rules(), text, role)) check(*findings, size);
  }
  std::size_t first = 0, second = 0;
  const std::string once = redacted(text, kKey, &first);
  const std::string twice = redacted(once, kKey, &second);
  // No placeholder of the first pass is touched by the second.
  const TextSpan span{once, "/x", SpanRole::Text};
  const auto again = evaluate(rules(), {}, {&span, 1}, {}, kKey);
  if (again && first > 0) {
    for (const Replacement& r : again->replacements) {
      const std::string_view gone = std::string_view(once).substr(r.begin, r.end - r.begin);
      const std::size_t open = gone.find("[EMAIL_ADDRESS_");
      if (open != std::string_view::npos && gone.size() > open + 23 && gone[open + 23] == ']') {
        std::abort();
      }
    }
  }
  if (twice.empty() && !once.empty() && second == 0) std::abort();
  return 0;
}
