#include "policy/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

namespace customhouse::policy {
namespace {

/// Builds the tree from yaml-cpp's events. After the first fault further events are ignored.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& file) : file_(file) {}

  YamlNode root;
  std::optional<PolicyError> fault;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(mark, anchor, YamlNode::Kind::Null, {});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail(mark, "aliases are not allowed here; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    const bool null = tag == "?" && (value == "~" || value == "null");
    add(mark, anchor, null ? YamlNode::Kind::Null : YamlNode::Kind::Scalar, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(mark, anchor, YamlNode::Kind::Sequence);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(mark, anchor, YamlNode::Kind::Map);
  }
  void OnMapEnd() override { close(); }

 private:
  void fail(const YAML::Mark& mark, std::string what) {
    if (!fault) fault = PolicyError{file_, mark.line + 1, mark.column + 1, std::move(what)};
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") fail(mark, "tags are not allowed here");
  }
  YamlNode made(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    if (anchor != 0) fail(mark, "anchors are not allowed here; write the value out");
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }
  void add(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind, std::string value) {
    if (fault) return;
    YamlNode node = made(mark, anchor, kind);
    node.scalar = std::move(value);
    place(std::move(node));
  }
  void open(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    if (fault) return;
    if (open_.size() >= kMaxYamlDepth) return fail(mark, "nested too deeply (16 levels at most)");
    open_.push_back(made(mark, anchor, kind));
  }
  void close() {
    if (fault || open_.empty()) return;
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    check_keys(node);
    place(std::move(node));
  }
  void place(YamlNode node) {
    if (open_.empty()) {
      root = std::move(node);
    } else {
      open_.back().items.push_back(std::move(node));
    }
  }
  void check_keys(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::Map) return;
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
      const YamlNode& key = node.items[i];
      const YAML::Mark mark = [&] {
        YAML::Mark at;
        at.line = key.line - 1;
        at.column = key.column - 1;
        return at;
      }();
      if (key.kind != YamlNode::Kind::Scalar) fail(mark, "a key must be a plain name");
      if (!seen.insert(key.scalar).second) fail(mark, "'" + key.scalar + "' stands here twice");
    }
  }

  const std::string& file_;
  std::vector<YamlNode> open_;
};

}  // namespace

std::expected<YamlNode, PolicyError> parse_yaml(const std::string& file, std::string_view text) {
  if (text.size() > kMaxPolicyFileBytes) {
    return std::unexpected(PolicyError{file, 0, 0, "the file is larger than 1 MiB; split it"});
  }
  TreeBuilder builder(file);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      return std::unexpected(PolicyError{file, 1, 1, "the file is empty; expected a map"});
    }
    TreeBuilder rest(file);
    if (!builder.fault && parser.HandleNextDocument(rest)) {
      return std::unexpected(PolicyError{file, 0, 0, "more than one YAML document in the file"});
    }
  } catch (const YAML::Exception& error) {
    return std::unexpected(
        PolicyError{file, error.mark.line + 1, error.mark.column + 1, "not YAML: " + error.msg});
  } catch (const std::exception&) {
    return std::unexpected(PolicyError{file, 0, 0, "not YAML"});
  }
  if (builder.fault) return std::unexpected(std::move(*builder.fault));
  return std::move(builder.root);
}

YamlMap::YamlMap(const YamlNode& node, const std::string& file, std::string what,
                 std::vector<PolicyError>& errors)
    : node_(node), file_(file), what_(std::move(what)), errors_(errors) {
  if (node.kind != YamlNode::Kind::Map) error(node, what_ + " must be a map");
  used_.resize(node.kind == YamlNode::Kind::Map ? node.items.size() : 0);
}

void YamlMap::error(const YamlNode& at, std::string what) {
  errors_.push_back({file_, at.line, at.column, std::move(what)});
}

const YamlNode* YamlMap::find(std::string_view key) {
  for (std::size_t i = 0; i + 1 < used_.size(); i += 2) {
    if (node_.items[i].scalar != key) continue;
    used_[i] = true;
    return &node_.items[i + 1];
  }
  return nullptr;
}

const YamlNode* YamlMap::require(std::string_view key) {
  const YamlNode* found = find(key);
  if (found == nullptr && node_.kind == YamlNode::Kind::Map) {
    error(node_, what_ + " needs '" + std::string(key) + "'");
  }
  return found;
}

std::string YamlMap::text(std::string_view key, bool required) {
  const YamlNode* found = required ? require(key) : find(key);
  if (found == nullptr) return {};
  if (found->kind != YamlNode::Kind::Scalar || found->scalar.empty()) {
    error(*found, "'" + std::string(key) + "' must be a string that is not empty");
    return {};
  }
  return found->scalar;
}

std::vector<std::string> YamlMap::texts_of(const YamlNode& node, std::string_view what) {
  if (node.kind == YamlNode::Kind::Scalar) return {node.scalar};
  std::vector<std::string> values;
  if (node.kind != YamlNode::Kind::Sequence) {
    error(node, "'" + std::string(what) + "' must be a string or a list of strings");
    return values;
  }
  for (const YamlNode& item : node.items) {
    if (item.kind == YamlNode::Kind::Scalar && !item.scalar.empty()) {
      values.push_back(item.scalar);
    } else {
      error(item, "'" + std::string(what) + "' must hold strings that are not empty");
    }
  }
  return values;
}

std::vector<std::string> YamlMap::texts(std::string_view key, bool required) {
  const YamlNode* found = required ? require(key) : find(key);
  return found == nullptr ? std::vector<std::string>{} : texts_of(*found, key);
}

std::size_t YamlMap::number(std::string_view key, std::size_t otherwise, std::size_t most) {
  const YamlNode* found = find(key);
  if (found == nullptr) return otherwise;
  std::size_t value = 0;
  const char* end = found->scalar.data() + found->scalar.size();
  const auto [stop, code] = std::from_chars(found->scalar.data(), end, value);
  if (found->kind != YamlNode::Kind::Scalar || code != std::errc{} || stop != end || value > most) {
    error(*found, "'" + std::string(key) + "' must be a number from 0 to " + std::to_string(most));
    return otherwise;
  }
  return value;
}

bool YamlMap::flag(std::string_view key, bool otherwise) {
  const YamlNode* found = find(key);
  if (found == nullptr) return otherwise;
  if (found->kind == YamlNode::Kind::Scalar) {
    if (found->scalar == "true") return true;
    if (found->scalar == "false") return false;
  }
  error(*found, "'" + std::string(key) + "' must be true or false");
  return otherwise;
}

void YamlMap::finish() {
  for (std::size_t i = 0; i + 1 < used_.size(); i += 2) {
    if (!used_[i]) {
      error(node_.items[i], "unknown key '" + node_.items[i].scalar + "' in " + what_);
    }
  }
}

}  // namespace customhouse::policy
