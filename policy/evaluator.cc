#include "policy/evaluator.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "policy/edit.h"
#include "policy/placeholder_book.h"
#include "policy/placeholders.h"
#include "policy/propagation.h"
#include "policy/rule_set_implementation.h"
#include "policy/text.h"

namespace customhouse::policy {
namespace {

/// '*' stands for any run of characters; everything else for itself. Linear in text * stars.
bool glob_matches(std::string_view glob, std::string_view text) noexcept {
  std::size_t g = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::find(list, value) != list.end();
}

class Evaluation {
 public:
  Evaluation(const RuleSet& rules, const RequestFacts& facts, std::span<const TextSpan> spans,
             const PseudonymKey& key)
      : rules_(rules.implementation()), spans_(spans), book_(key) {
    decision_.policy_digest = rules.digest();
    for (const Rule& rule : rules_.rules) {
      if (applies(rule, facts)) active_.push_back(&rule);
    }
  }

  std::expected<Decision, ScanError> run(const RuleSet& rules, const Coverage& coverage) {
    std::vector<std::vector<Finding>> found(spans_.size());
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      auto findings = scan(rules, spans_[i].text, spans_[i].role);
      if (!findings) return std::unexpected(std::move(findings.error()));
      found[i] = std::move(*findings);
      for (const Finding& finding : found[i]) note(finding, spans_[i].location);
    }
    judge_coverage(coverage);
    if (decision_.action == Action::Redact) {
      for (const TextSpan& span : spans_) note_literals(span.text);
      redact(found);
    }
    tell();
    return std::move(decision_);
  }

 private:
  struct Known {  // a redacted value that may stand elsewhere
    const Finding* finding;
    const Rule* rule;
    std::string_view value;
    std::size_t span;
  };

  static bool applies(const Rule& rule, const RequestFacts& facts) {
    const std::pair<const char*, std::string_view> values[] = {
        {"provider", facts.provider},         {"host", facts.host},   {"model", facts.model},
        {"jurisdiction", facts.jurisdiction}, {"actor", facts.actor},
    };
    return std::ranges::all_of(values, [&](const auto& value) {
      const auto wanted = rule.when.find(value.first);
      if (wanted == rule.when.end()) return true;
      const std::string fact = lowered(value.second);
      return std::ranges::any_of(wanted->second,
                                 [&](const std::string& glob) { return glob_matches(glob, fact); });
    });
  }

  /// The first rule that speaks about a finding.
  const Rule* rule_for(const Finding& finding) const {
    const Detector* detector = rules_.find(finding.detector);
    for (const Rule* rule : active_) {
      if (finding.confidence < rule->minimum_confidence) continue;
      if (contains(rule->types, finding.type) || contains(rule->types, finding.detector)) {
        return rule;
      }
      const bool labelled = detector != nullptr &&
                            std::ranges::any_of(detector->labels, [&](const std::string& label) {
                              return contains(rule->labels, label);
                            });
      if (labelled) return rule;
    }
    return nullptr;
  }

  static bool is_encoded(const Finding& finding) {
    return finding.encoded.kind != Finding::Encoded::Kind::None;
  }

  /// Counts a finding and lets its rule raise the action. An encoded token is what is in it.
  void note(const Finding& finding, const std::string& location) {
    if (is_encoded(finding)) {
      for (const Finding& inner : finding.encoded.findings) note(inner, location);
      return;
    }
    const Rule* rule = rule_for(finding);
    if (rule == nullptr) return;
    decision_.action = std::max(decision_.action, rule->action);
    count(finding.type, *rule, location);
  }

  void count(std::string_view type, const Rule& rule, const std::string& location) {
    matched_[&rule].insert(std::string(type));
    const auto [place, fresh] =
        summaries_.try_emplace({std::string(type), &rule, location}, decision_.findings.size());
    if (fresh) decision_.findings.push_back({std::string(type), rule.id, location, 0});
    ++decision_.findings[place->second].count;
  }

  void judge_coverage(const Coverage& coverage) {
    const auto judge = [&](const std::string& reason) {
      const auto named = rules_.unscanned.find(reason);
      const Action action =
          named == rules_.unscanned.end() ? rules_.unscanned_default : named->second;
      if (action == Action::Block && !contains(blocked_content_, reason)) {
        blocked_content_.push_back(reason);
        decision_.action = Action::Block;
      }
    };
    std::uint64_t named = 0;
    for (const Coverage::Skip& skip : coverage.reasons) {
      if (skip.bytes > 0) judge(skip.reason);
      named += skip.bytes;
    }
    if (coverage.skipped > named) judge("unknown");  // skipped, and nobody said why
  }

  void note_literals(std::string_view text) {
    for (const PlaceholderPlace& place : find_placeholders(text)) {
      book_.note_literal(text.substr(place.begin, place.end - place.begin));
    }
  }

  void redact(const std::vector<std::vector<Finding>>& found) {
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      hosts_.reset();
      for (const Finding& finding : found[i]) {
        if (auto text = replacement(finding, spans_[i].text, i)) {
          decision_.replacements.push_back({i, finding.begin, finding.end, std::move(*text)});
        }
      }
    }
    propagate();
    std::ranges::sort(decision_.replacements, [](const Replacement& a, const Replacement& b) {
      return std::tie(a.span, a.begin) < std::tie(b.span, b.begin);
    });
    decision_.restores = std::move(book_).entries();
  }

  const std::vector<std::string>& hosts_of(std::size_t span, const Rule& rule) {
    static const std::vector<std::string> kNone;
    if (rule.restore != Restore::SameHost) return kNone;
    if (!hosts_) hosts_ = url_hosts(spans_[span].text);
    return *hosts_;
  }

  /// What goes over a finding; nullopt if its rule leaves it.
  std::optional<std::string> replacement(const Finding& finding, std::string_view text,
                                         std::size_t span) {
    if (is_encoded(finding)) {
      std::vector<Edit> edits;
      for (const Finding& inner : finding.encoded.findings) {
        auto over = replacement(inner, finding.encoded.decoded, span);
        if (over) edits.push_back({inner.begin, inner.end, std::move(*over)});
      }
      if (edits.empty()) return std::nullopt;
      return finding.encoded.encode(apply_edits(finding.encoded.decoded, edits));
    }
    const Rule* rule = rule_for(finding);
    if (rule == nullptr || rule->action != Action::Redact) return std::nullopt;
    const std::string_view value = text.substr(finding.begin, finding.end - finding.begin);
    if (is_distinctive(value)) known_.push_back({&finding, rule, value, span});
    return book_.take(finding.type, finding.normalized, value, rule->restore,
                      hosts_of(span, *rule));
  }

  void propagate() {
    ValueIndex index;
    for (std::uint32_t i = 0; i < known_.size(); ++i) index.add(known_[i].value, i);
    if (index.empty()) return;
    const std::size_t direct = decision_.replacements.size();
    std::size_t next = 0;  // replacements so far are sorted by span and begin
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      while (next < direct && decision_.replacements[next].span < i) ++next;
      std::size_t covered = next;
      const auto literals = find_placeholders(spans_[i].text);
      auto literal = literals.begin();
      for (const ValueIndex::Place& place : index.find(spans_[i].text)) {
        const auto here = [&](std::size_t r) {
          return r < direct && decision_.replacements[r].span == i;
        };
        while (here(covered) && decision_.replacements[covered].end <= place.begin) ++covered;
        if (here(covered) && decision_.replacements[covered].begin < place.end) continue;
        while (literal != literals.end() && literal->end <= place.begin) ++literal;
        if (literal != literals.end() && literal->begin < place.end) continue;
        put_again(i, place);
      }
    }
  }

  void put_again(std::size_t span, const ValueIndex::Place& place) {
    const Known& known = known_[place.id];
    // An opaque field is not damaged for a value that only its context made one.
    const bool opaque = spans_[span].role == SpanRole::Identifier;
    if (opaque && known.finding->confidence < Confidence::High) return;
    count(known.finding->type, *known.rule, spans_[span].location);
    const std::string& text = book_.take(known.finding->type, known.finding->normalized,
                                         known.value, known.rule->restore, {});
    decision_.replacements.push_back({span, place.begin, place.end, text});
  }

  /// Rules that led to the action, and for a block what the client is told.
  void tell() {
    std::string why;
    for (const Rule& rule : rules_.rules) {
      const auto types = matched_.find(&rule);
      if (types == matched_.end() || rule.action != decision_.action) continue;
      decision_.rules.push_back(rule.id);
      if (decision_.action != Action::Block) continue;
      why += (why.empty() ? "" : "; ") + ("rule '" + rule.id + "' found ");
      bool first = true;
      for (const std::string& type : types->second) {
        why += (first ? "" : ", ") + type;
        first = false;
      }
    }
    for (const std::string& reason : blocked_content_) {
      decision_.rules.push_back("unscanned:" + reason);
      why += (why.empty() ? "" : "; ") + ("content that cannot be checked (" + reason + ")");
    }
    if (decision_.action == Action::Block) {
      decision_.reason =
          "This request was not sent: " + why + ". Ask your security team if it should be allowed.";
    }
  }

  const RuleSet::Implementation& rules_;
  std::span<const TextSpan> spans_;
  PlaceholderBook book_;
  std::vector<const Rule*> active_;
  std::map<const Rule*, std::set<std::string>> matched_;
  std::map<std::tuple<std::string, const Rule*, std::string>, std::size_t> summaries_;
  std::vector<std::string> blocked_content_;
  std::vector<Known> known_;
  std::optional<std::vector<std::string>> hosts_;  // of the span at hand
  Decision decision_;
};

}  // namespace

std::expected<Decision, ScanError> evaluate(const RuleSet& rules, const RequestFacts& facts,
                                            std::span<const TextSpan> spans,
                                            const Coverage& coverage, const PseudonymKey& key) {
  return Evaluation(rules, facts, spans, key).run(rules, coverage);
}

}  // namespace customhouse::policy
