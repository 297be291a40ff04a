// Detector files: format in config/schema/policy.schema.json, "detector_file".
#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>
#include <utility>

#include "policy/rule_set_implementation.h"
#include "policy/text.h"
#include "policy/yaml_tree.h"

namespace customhouse::policy {
namespace {

bool is_type_name(std::string_view name) {
  return !name.empty() && name.size() <= 60 && is_upper(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_upper(c) || is_digit(c) || c == '_'; });
}

std::optional<Confidence> confidence_named(std::string_view name) {
  for (const Confidence c :
       {Confidence::Low, Confidence::Medium, Confidence::High, Confidence::Certain}) {
    if (to_string(c) == name) return c;
  }
  return std::nullopt;
}

/// Patterns are matched byte by byte: a letter outside ASCII in [...] would be taken apart.
bool class_holds_non_ascii(std::string_view pattern) {
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '[' && !in_class) {
      in_class = true;
      if (pattern.substr(i + 1).starts_with("^")) ++i;
      if (pattern.substr(i + 1).starts_with("]")) ++i;
    } else if (pattern[i] == ']') {
      in_class = false;
    } else if (in_class && !is_ascii(pattern[i])) {
      return true;
    }
  }
  return false;
}

class DetectorReader {
 public:
  DetectorReader(const YamlNode& node, const std::string& file, std::int64_t memory,
                 std::vector<PolicyError>& errors)
      : map_(node, file, "a detector", errors), file_(file), memory_(memory), errors_(errors) {}

  Detector read() {
    read_names();
    read_pattern();
    read_gate();
    read_context();
    read_examples();
    map_.finish();
    static constexpr std::size_t kFewFirstBytes = 12;  // with more, searching is cheaper
    d_.anchored = d_.token_boundary && d_.group == 0 && d_.facts.first.count() <= kFewFirstBytes;
    d_.file = file_;
    return std::move(d_);
  }

 private:
  void read_names() {
    d_.id = map_.text("id", true);
    if (!d_.id.empty() && !is_type_name(d_.id)) {
      map_.error(*map_.find("id"), "'id' must be upper-case letters, digits and '_' (60 at most)");
    }
    d_.type = map_.text("type");
    if (d_.type.empty()) d_.type = d_.id;
    if (!is_type_name(d_.type) && d_.type != d_.id) {
      map_.error(*map_.find("type"), "'type' must be upper-case letters, digits and '_'");
    }
    d_.labels = map_.texts("labels", true);
    d_.secret = std::ranges::find(d_.labels, "secret") != d_.labels.end();
    d_.regions = map_.texts("regions");
    for (const std::string& region : d_.regions) {
      if (region.size() == 2 && is_upper(region[0]) && is_upper(region[1])) continue;
      map_.error(*map_.find("regions"), "'regions' are ISO 3166 codes of two letters, or EU");
    }
    const std::string validator = map_.text("validator");
    d_.validator_name = validator;
    if (validator.empty()) return;
    d_.validator = find_validator(validator);
    if (d_.validator == nullptr) {
      std::string known;
      for (const NamedValidator& v : validators()) known.append(" ").append(v.name);
      map_.error(*map_.find("validator"), "no validator is called so; there are:" + known);
    }
  }

  /// A word list is a pattern that the reader writes: the words, case ignored.
  std::string pattern_of_words(const YamlNode& node) {
    static constexpr std::size_t kMostWords = 1000;
    std::vector<std::string> words = map_.texts_of(node, "words");
    // RE2 takes the first alternative that fits: the longest word comes first.
    std::ranges::sort(words, std::ranges::greater{}, &std::string::size);
    const bool fit = std::ranges::all_of(
        words, [](const std::string& word) { return word.size() >= LiteralSet::kMinimumLength; });
    if (!fit || words.empty() || words.size() > kMostWords) {
      map_.error(node, "'words' are 1 to 1000 words of 3 bytes or more");
      return {};
    }
    std::string pattern;
    for (const std::string& word : words) {
      pattern += (pattern.empty() ? "(?i)(?:" : "|") + re2::RE2::QuoteMeta(word);
      d_.keywords.push_back(lowered(word));
    }
    return pattern + ")";
  }

  void read_pattern() {
    const YamlNode* words = map_.find("words");
    const YamlNode* node = words != nullptr ? words : map_.require("pattern");
    if (node != nullptr) {
      d_.line = node->line;
      d_.column = node->column;
    }
    if (words != nullptr && map_.find("pattern") != nullptr) {
      map_.error(*words, "a detector has either 'pattern' or 'words'");
      return;
    }
    d_.group = static_cast<int>(map_.number("group", 0, 9));
    const std::string boundary = map_.text("boundary");
    d_.token_boundary = boundary != "none";
    if (!boundary.empty() && boundary != "none" && boundary != "token") {
      map_.error(*map_.find("boundary"), "'boundary' must be token or none");
    }
    const std::string pattern = words != nullptr ? pattern_of_words(*words) : map_.text("pattern");
    if (node == nullptr || pattern.empty()) return;
    if (class_holds_non_ascii(pattern)) {
      map_.error(*node, "a class [...] holds a letter outside ASCII; write alternatives (a|b)");
      return;
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
    options.set_max_mem(memory_);
    auto compiled = std::make_unique<re2::RE2>(pattern, options);
    if (!compiled->ok()) {
      const bool large = compiled->error_code() == re2::RE2::ErrorPatternTooLarge;
      map_.error(*node, large ? "the pattern takes more memory than RE2 is given; shorten it"
                              : "the pattern does not compile: " + compiled->error());
      return;
    }
    if (re2::RE2::FullMatch("", *compiled)) {
      map_.error(*node, "the pattern matches the empty string");
      return;
    }
    if (d_.group > compiled->NumberOfCapturingGroups()) {
      map_.error(*node, "the pattern has no group " + std::to_string(d_.group));
      return;
    }
    d_.facts = pattern_facts(pattern);
    d_.pattern = std::move(compiled);
  }

  void read_gate() {
    const YamlNode* keywords = map_.find("keywords");
    if (keywords != nullptr) {
      for (std::string& word : map_.texts_of(*keywords, "keywords")) {
        if (word == "@") {
          d_.at_sign = true;
        } else if (word.size() < LiteralSet::kMinimumLength || lowered(word) != word) {
          map_.error(*keywords,
                     "keywords are lower-case and have 3 bytes or more ('@' is allowed)");
        } else {
          d_.keywords.push_back(std::move(word));
        }
      }
    }
    const YamlNode* shape = map_.find("shape");
    if (shape != nullptr) read_shape(*shape);
    if (keywords == nullptr && shape == nullptr && map_.find("words") == nullptr) {
      map_.error(map_.node(), "a detector needs 'keywords' or 'shape': what must be in the text");
    }
    d_.before = map_.number("before", 64, 4096);
    d_.after = map_.number("after", 256, 16384);
  }

  void read_shape(const YamlNode& node) {
    YamlMap shape(node, file_, "'shape'", errors_);
    if (shape.find("digits") != nullptr) {
      d_.shape = Shape::Digits;
      d_.shape_minimum = shape.number("digits", 4, 64);
    } else if (shape.find("token") != nullptr) {
      d_.shape = Shape::Token;
      d_.shape_minimum = shape.number("token", 16, 4096);
      if (d_.shape_minimum < 16) shape.error(node, "a token has 16 characters or more");
    } else if (shape.flag("dotted_quad", false)) {
      d_.shape = Shape::DottedQuad;
    } else if (shape.flag("hex_groups", false)) {
      d_.shape = Shape::HexGroups;
    } else {
      shape.error(node, "'shape' is one of digits, token, dotted_quad, hex_groups");
    }
    shape.finish();
  }

  Confidence read_confidence(std::string_view key, Confidence otherwise) {
    const std::string name = map_.text(key);
    if (name.empty()) return otherwise;
    const auto value = confidence_named(name);
    if (!value) map_.error(*map_.find(key), "must be low, medium, high or certain");
    return value.value_or(otherwise);
  }

  void read_context() {
    std::vector<std::string> words = map_.texts("context");
    for (const std::string& word : words) {
      if (word.size() < LiteralSet::kMinimumLength || lowered(word) != word) {
        map_.error(*map_.find("context"), "context words are lower-case and have 3 bytes or more");
        words.clear();
        break;
      }
    }
    d_.context_required = map_.flag("context_required", false);
    if (d_.context_required && words.empty()) {
      map_.error(map_.node(), "'context_required' needs 'context'");
    }
    d_.context = std::move(words);
    d_.confidence = read_confidence("confidence", Confidence::Medium);
    d_.confidence_with_context =
        read_confidence("confidence_with_context", std::max(d_.confidence, Confidence::High));
  }

  void read_examples() {
    const YamlNode* node = map_.require("examples");
    if (node == nullptr) return;
    YamlMap examples(*node, file_, "'examples'", errors_);
    for (const bool match : {true, false}) {
      const YamlNode* list = match ? examples.require("match") : examples.find("no_match");
      if (list == nullptr) continue;
      if (list->kind != YamlNode::Kind::Sequence || (match && list->items.empty())) {
        examples.error(*list, "examples are a list");
        continue;
      }
      for (const YamlNode& item : list->items) {
        std::string text;  // a list of pieces is joined: no whole token stands in the file
        for (const std::string& piece : examples.texts_of(item, "examples")) text += piece;
        (match ? d_.match : d_.no_match).push_back({std::move(text), item.line, item.column});
      }
    }
    examples.finish();
  }

  YamlMap map_;
  const std::string& file_;
  std::int64_t memory_;
  std::vector<PolicyError>& errors_;
  Detector d_;
};

}  // namespace

void parse_detectors(const std::string& file, std::string_view text, std::int64_t pattern_memory,
                     std::vector<Detector>& out, std::vector<PolicyError>& errors) {
  static constexpr std::size_t kMostDetectors = 2000;
  auto root = parse_yaml(file, text);
  if (!root) {
    errors.push_back(std::move(root.error()));
    return;
  }
  YamlMap map(*root, file, "a detector file", errors);
  const YamlNode* list = map.require("detectors");
  map.finish();
  if (list == nullptr) return;
  if (list->kind != YamlNode::Kind::Sequence) {
    map.error(*list, "'detectors' must be a list");
    return;
  }
  std::unordered_set<std::string> ids;
  for (const Detector& known : out) ids.insert(known.id);
  for (const YamlNode& item : list->items) {
    if (out.size() >= kMostDetectors) {
      map.error(item, "more than 2000 detectors");
      return;
    }
    Detector detector = DetectorReader(item, file, pattern_memory, errors).read();
    if (!ids.insert(detector.id).second)
      map.error(item, "detector id '" + detector.id + "' is taken");
    out.push_back(std::move(detector));
  }
}

}  // namespace customhouse::policy
