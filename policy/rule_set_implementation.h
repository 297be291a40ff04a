// Inside of a RuleSet: what the parser makes and the scanner and evaluator read.
#pragma once

#include <re2/re2.h>

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/decision.h"
#include "policy/finding.h"
#include "policy/literal_set.h"
#include "policy/pattern_facts.h"
#include "policy/rule_set.h"
#include "policy/validators.h"

namespace customhouse::policy {

/// What a detector's pattern may need of a text before it is worth running.
enum class Shape : std::uint8_t {
  None,
  Digits,      // a run of `shape_minimum` digits, single separators allowed
  DottedQuad,  // a run of digits with three dots
  HexGroups,   // hex digits in groups joined by ':' or '-'
  Token,       // an unbroken run of `shape_minimum` base64 characters
};

struct Detector {
  std::string id;
  std::string type;
  std::vector<std::string> labels;
  std::vector<std::string> regions;  // ISO 3166, or EU; empty: everywhere
  std::string validator_name;
  int line = 0, column = 0;  // of its pattern or words
  std::unique_ptr<re2::RE2> pattern;
  PatternFacts facts;
  int group = 0;  // of the pattern: the value
  Validator validator = nullptr;
  std::vector<std::string> keywords;
  bool at_sign = false;  // "@" is among the keywords
  Shape shape = Shape::None;
  std::size_t shape_minimum = 0;
  std::size_t before = 0, after = 0;  // bytes looked at round a keyword or shape
  std::vector<std::string> context;
  std::vector<std::uint32_t> context_words;  // ids in Implementation::context, ascending
  bool context_required = false;
  bool token_boundary = true;
  bool anchored = false;  // matches are tried where they may begin, not searched for
  bool secret = false;    // label "secret"
  Confidence confidence = Confidence::Medium;
  Confidence confidence_with_context = Confidence::High;
  struct Example {
    std::string text;
    int line = 0, column = 0;
  };
  std::vector<Example> match, no_match;
  std::string file;
};

struct Rule {
  std::string id;
  std::vector<std::string> types, labels;
  Confidence minimum_confidence = Confidence::Medium;
  Action action = Action::Redact;
  Restore restore = Restore::Everywhere;
  /// Lower-cased globs ('*' only), by fact; a fact that is not named is not tested.
  std::map<std::string, std::vector<std::string>> when;
};

struct RuleSet::Implementation {
  std::vector<Detector> detectors;
  std::vector<Rule> rules;
  std::map<std::string, Action, std::less<>> unscanned;  // by reason
  Action unscanned_default = Action::Block;
  std::string digest;

  // The gate: what stands in a text, and which detectors it wakes.
  LiteralSet keywords;
  std::vector<std::vector<std::uint32_t>> keyword_detectors;
  std::vector<std::uint32_t> at_sign, digits, dotted_quad, hex_groups, tokens;
  std::size_t fewest_digits = 0, shortest_token = 0;
  std::size_t reach_of_digits = 0;  // the farthest that one of those that digits wake looks
  // The context words of all detectors. What a digit run wakes only near such a word stands not in
  // `digits`, but with the word.
  LiteralSet context;
  std::vector<std::vector<std::uint32_t>> context_digits;     // by word
  std::unordered_map<std::string_view, std::uint32_t> by_id;  // into `detectors`

  const Detector* find(std::string_view id) const;
  void build_gate();

 private:
  void build_context();
};

/// Context words count so many bytes before a value, and after it.
inline constexpr std::size_t kContextBefore = 80, kContextAfter = 32;

/// Bytes of memory one pattern may take (RE2 keeps program and DFA within it).
inline constexpr std::int64_t kPatternMemory = 4 << 20;

struct RuleFiles {
  const FileReader& read_file;
  std::int64_t pattern_memory = kPatternMemory;
};

/// Parses policy files and the detector files they name into `out`. Empty result: no fault.
std::vector<PolicyError> parse_policies(const std::vector<std::string>& paths,
                                        const RuleFiles& files, RuleSet::Implementation& out);

/// One detector file; also used by parse_policies.
void parse_detectors(const std::string& file, std::string_view text, std::int64_t pattern_memory,
                     std::vector<Detector>& out, std::vector<PolicyError>& errors);

}  // namespace customhouse::policy
