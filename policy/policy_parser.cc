// Policy files: format in config/schema/policy.schema.json.
#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "policy/rule_set_implementation.h"
#include "policy/text.h"
#include "policy/yaml_tree.h"

namespace customhouse::policy {
namespace {

constexpr std::size_t kMostFiles = 256;

std::string beside(const std::string& file, const std::string& path) {
  if (path.starts_with('/')) return path;
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? path : file.substr(0, slash + 1) + path;
}

class PolicyReader {
 public:
  PolicyReader(const RuleFiles& files, RuleSet::Implementation& out,
               std::vector<PolicyError>& errors)
      : files_(files), out_(out), errors_(errors) {}

  void read(const std::string& path) {
    const auto text = load(path, nullptr, path);
    if (!text) return;
    auto root = parse_yaml(path, *text);
    if (!root) {
      errors_.push_back(std::move(root.error()));
      return;
    }
    const YamlNode& node = pending_.emplace_back(path, std::move(*root)).second;
    YamlMap map(node, path, "a policy file", errors_);
    const YamlNode* version = map.require("version");
    if (version != nullptr && version->scalar != "1") map.error(*version, "'version' must be 1");
    map.text("name", true);
    read_detectors(map, path);
    read_labels(map, path);
    if (const YamlNode* unscanned = map.find("unscanned")) read_unscanned(*unscanned, path);
    map.find("rules");
    map.finish();
  }

  /// Rules come last: they may name types and labels of any file.
  void read_rules() {
    for (const auto& [path, root] : pending_) {
      std::vector<PolicyError> known;  // read() has told them
      YamlMap map(root, path, "a policy file", known);
      const YamlNode* list = map.find("rules");
      if (list == nullptr) continue;
      if (list->kind != YamlNode::Kind::Sequence) {
        errors_.push_back({path, list->line, list->column, "'rules' must be a list"});
        continue;
      }
      for (const YamlNode& item : list->items) read_rule(item, path);
    }
  }

  const std::string& material() const noexcept { return material_; }

 private:
  std::optional<std::string> load(const std::string& path, const YamlNode* at,
                                  const std::string& from) {
    const int line = at == nullptr ? 0 : at->line, column = at == nullptr ? 0 : at->column;
    if (++files_read_ > kMostFiles) {
      errors_.push_back({from, line, column, "the policy names more than 256 files"});
      return std::nullopt;
    }
    auto text = files_.read_file(path);
    if (!text) {
      errors_.push_back({from, line, column, "cannot read '" + path + "': " + text.error()});
      return std::nullopt;
    }
    material_ += std::to_string(text->size()) + ":" + *text;
    return std::move(*text);
  }

  void read_detectors(YamlMap& map, const std::string& path) {
    const YamlNode* node = map.find("detectors");
    if (node == nullptr) return;
    for (const std::string& name : map.texts_of(*node, "detectors")) {
      const std::string file = beside(path, name);
      if (!detector_files_.insert(file).second) continue;  // another policy file named it too
      const auto text = load(file, node, path);
      if (!text) continue;
      parse_detectors(file, *text, files_.pattern_memory, out_.detectors, errors_);
    }
  }

  /// labels: {LABEL: [TYPE, …]} puts further labels on types.
  void read_labels(YamlMap& map, const std::string& path) {
    const YamlNode* node = map.find("labels");
    if (node == nullptr) return;
    YamlMap labels(*node, path, "'labels'", errors_);
    if (node->kind != YamlNode::Kind::Map) return;
    for (std::size_t i = 0; i + 1 < node->items.size(); i += 2) {
      const std::string& label = node->items[i].scalar;
      for (const std::string& type : labels.texts_of(node->items[i + 1], label)) {
        bool found = false;
        for (Detector& d : out_.detectors) {
          if (d.type != type) continue;
          found = true;
          d.labels.push_back(label);
          d.secret = d.secret || label == "secret";
        }
        if (!found) labels.error(node->items[i + 1], "no detector finds type '" + type + "'");
      }
    }
  }

  void read_unscanned(const YamlNode& node, const std::string& path) {
    YamlMap map(node, path, "'unscanned'", errors_);
    if (node.kind != YamlNode::Kind::Map) return;
    for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
      const std::string& reason = node.items[i].scalar;
      const std::string& word = node.items[i + 1].scalar;
      if (word != "allow" && word != "block") {
        map.error(node.items[i + 1], "unscanned content is either allow or block");
        continue;
      }
      const Action action = word == "allow" ? Action::Allow : Action::Block;
      if (reason == "default") {
        out_.unscanned_default = action;
      } else {
        out_.unscanned[reason] = action;
      }
    }
  }

  void read_rule(const YamlNode& item, const std::string& path) {
    YamlMap map(item, path, "a rule", errors_);
    Rule rule;
    rule.id = map.text("id", true);
    const bool twice =
        std::ranges::any_of(out_.rules, [&](const Rule& r) { return r.id == rule.id; });
    if (twice) map.error(item, "rule id '" + rule.id + "' is taken");
    read_scope(map, rule);
    read_action(map, rule);
    if (const YamlNode* when = map.find("when")) read_when(*when, path, rule);
    map.finish();
    out_.rules.push_back(std::move(rule));
  }

  void read_scope(YamlMap& map, Rule& rule) {
    rule.types = map.texts("types");
    rule.labels = map.texts("labels");
    if (rule.types.empty() && rule.labels.empty()) {
      map.error(map.node(), "a rule needs 'types' or 'labels'");
    }
    for (const std::string& type : rule.types) {
      const bool known = std::ranges::any_of(
          out_.detectors, [&](const Detector& d) { return d.type == type || d.id == type; });
      if (!known) map.error(*map.find("types"), "no detector finds type '" + type + "'");
    }
    for (const std::string& label : rule.labels) {
      const bool known = std::ranges::any_of(out_.detectors, [&](const Detector& d) {
        return std::ranges::find(d.labels, label) != d.labels.end();
      });
      if (!known) map.error(*map.find("labels"), "no detector bears label '" + label + "'");
    }
  }

  template <class Value>
  Value choice(YamlMap& map, std::string_view key, Value otherwise, bool required,
               std::initializer_list<std::pair<std::string_view, Value>> choices) {
    const std::string word = map.text(key, required);
    if (word.empty()) return otherwise;
    std::string known;
    for (const auto& [name, value] : choices) {
      if (name == word) return value;
      known.append(known.empty() ? "" : ", ").append(name);
    }
    map.error(*map.find(key), "'" + std::string(key) + "' must be one of " + known);
    return otherwise;
  }

  void read_action(YamlMap& map, Rule& rule) {
    rule.minimum_confidence =
        choice<Confidence>(map, "minimum_confidence", Confidence::Medium, false,
                           {{"low", Confidence::Low},
                            {"medium", Confidence::Medium},
                            {"high", Confidence::High},
                            {"certain", Confidence::Certain}});
    rule.action = choice<Action>(
        map, "action", Action::Block, true,
        {{"allow", Action::Allow}, {"redact", Action::Redact}, {"block", Action::Block}});
    rule.restore = choice<Restore>(map, "restore", Restore::Everywhere, false,
                                   {{"everywhere", Restore::Everywhere},
                                    {"text", Restore::Text},
                                    {"same_host", Restore::SameHost},
                                    {"never", Restore::Never}});
  }

  void read_when(const YamlNode& node, const std::string& path, Rule& rule) {
    YamlMap when(node, path, "'when'", errors_);
    for (const char* fact : {"provider", "host", "jurisdiction", "model", "actor"}) {
      if (when.find(fact) == nullptr) continue;
      for (const std::string& glob : when.texts(fact)) rule.when[fact].push_back(lowered(glob));
    }
    when.finish();
  }

  const RuleFiles& files_;
  RuleSet::Implementation& out_;
  std::vector<PolicyError>& errors_;
  std::deque<std::pair<std::string, YamlNode>> pending_;
  std::set<std::string> detector_files_;
  std::string material_;
  std::size_t files_read_ = 0;
};

}  // namespace

std::vector<PolicyError> parse_policies(const std::vector<std::string>& paths,
                                        const RuleFiles& files, RuleSet::Implementation& out) {
  std::vector<PolicyError> errors;
  PolicyReader reader(files, out, errors);
  for (const std::string& path : paths) reader.read(path);
  reader.read_rules();
  out.digest = reader.material();
  return errors;
}

}  // namespace customhouse::policy
