// What the tests of this room share: shipped and made-up policies, and a request in one call.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <expected>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "policy/edit.h"
#include "policy/evaluator.h"
#include "policy/rule_set.h"
#include "policy/scanner.h"

namespace customhouse::policy {

inline std::expected<std::string, std::string> read_from_disk(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected("no such file");
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

inline FileReader files(std::map<std::string, std::string> texts) {
  return [texts = std::move(texts)](
             const std::string& path) -> std::expected<std::string, std::string> {
    const auto found = texts.find(path);
    if (found == texts.end()) return std::unexpected("no such file");
    return found->second;
  };
}

inline const RuleSet& shipped(const std::string& name) {
  static std::map<std::string, std::shared_ptr<const RuleSet>> loaded;
  auto& rules = loaded[name];
  if (!rules) {
    auto made = RuleSet::load({CUSTOMHOUSE_SOURCE_DIR "/config/policies/" + name + ".yaml"},
                              read_from_disk);
    if (!made) throw std::runtime_error(to_string(made.error().front()));
    rules = std::move(*made);
  }
  return *rules;
}
inline const RuleSet& default_pack() {
  return shipped("default");
}

inline std::vector<Finding> find_in(const std::string& text, SpanRole role = SpanRole::Text) {
  auto findings = scan(default_pack(), text, role);
  EXPECT_TRUE(findings.has_value());
  return findings ? std::move(*findings) : std::vector<Finding>{};
}

/// "TYPE:bytes as they stand" of every finding.
inline std::vector<std::string> found_in(const std::string& text, SpanRole role = SpanRole::Text) {
  static std::vector<Finding> keep;
  keep = find_in(text, role);
  std::vector<std::string> result;
  for (const Finding& f : keep) {
    result.push_back(std::string(f.type) + ":" + text.substr(f.begin, f.end - f.begin));
  }
  return result;
}

inline const PseudonymKey& test_key() {
  static const PseudonymKey key([] {
    std::array<std::uint8_t, 32> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
    return bytes;
  }());
  return key;
}

struct Request {
  std::deque<std::string> texts;  // what the spans point into
  std::vector<TextSpan> spans;
  Decision decision;

  /// The text of a span after the replacements.
  std::string sent(std::size_t span) const {
    std::vector<Edit> edits;
    for (const Replacement& r : decision.replacements) {
      if (r.span == span) edits.push_back({r.begin, r.end, r.text});
    }
    return apply_edits(spans[span].text, edits);
  }
};

inline Request decide(const RuleSet& rules, std::vector<TextSpan> spans,
                      const Coverage& coverage = {}, const RequestFacts& facts = {}) {
  Request request{{}, std::move(spans), {}};
  for (TextSpan& span : request.spans) span.text = request.texts.emplace_back(span.text);
  auto decision = evaluate(rules, facts, request.spans, coverage, test_key());
  EXPECT_TRUE(decision.has_value());
  if (decision) request.decision = std::move(*decision);
  return request;
}
inline Request decide(std::vector<TextSpan> spans, const Coverage& coverage = {}) {
  return decide(default_pack(), std::move(spans), coverage);
}

}  // namespace customhouse::policy
