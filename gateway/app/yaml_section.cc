#include "gateway/app/yaml_section.h"

#include <algorithm>
#include <set>

#include "gateway/app/config_values.h"

namespace customhouse::app {
namespace {

std::string join(const std::vector<std::string_view>& words, std::string_view separator) {
  std::string out;
  for (const std::string_view word : words) {
    if (!out.empty()) out += separator;
    out += word;
  }
  return out;
}

std::string in(std::string_view where) {
  return where.empty() ? std::string() : " in `" + std::string(where) + "`";
}

std::string write_duration(std::chrono::microseconds duration) {
  const auto us = duration.count();
  if (us % 1'000'000 == 0) return std::to_string(us / 1'000'000) + "s";
  if (us % 1000 == 0) return std::to_string(us / 1000) + "ms";
  return std::to_string(us) + "us";
}

/// A plain or quoted scalar that is not null.
bool is_scalar(const YAML::Node& node) {
  return node.IsScalar() && !node.Scalar().empty();
}

/// "5" and '5' are text in YAML: numbers and booleans are plain scalars only.
bool is_plain(const YAML::Node& node) {
  return is_scalar(node) && node.Tag() == "?";
}

}  // namespace

void Faults::add(const YAML::Mark& mark, std::string what) {
  ConfigError error{.file = file_, .what = std::move(what)};
  if (!mark.is_null()) {
    error.line = mark.line + 1;
    error.column = mark.column + 1;
  }
  errors_.push_back(std::move(error));
}

void read_map(Faults& faults, const YAML::Node& node, std::string_view where,
              std::initializer_list<Key> keys) {
  std::vector<std::string_view> names;
  for (const Key& key : keys) names.push_back(key.name);
  if (!node.IsMap()) {
    faults.add(node.Mark(),
               (where.empty() ? std::string("the file") : "`" + std::string(where) + "`") +
                   " must be a map; its keys are: " + join(names, ", "));
    return;
  }
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
    const auto key =
        std::ranges::find_if(keys, [&](const Key& candidate) { return candidate.name == name; });
    if (key == keys.end()) {
      const std::string_view meant = nearest_key(name, names);
      faults.add(entry.first.Mark(),
                 "unknown key `" + name.substr(0, 64) + "`" + in(where) +
                     (meant.empty() ? "; known are: " + join(names, ", ")
                                    : "; did you mean `" + std::string(meant) + "`?"));
    } else if (!seen.insert(name).second) {
      faults.add(entry.first.Mark(), "`" + name + "` stands here a second time; remove one");
    } else {
      key->read(entry.second);
    }
  }
  for (const Key& key : keys) {
    if (key.required && !seen.contains(std::string(key.name))) {
      faults.add(node.Mark(),
                 "`" + std::string(key.name) + "` is missing" + in(where) + "; add it");
    }
  }
}

std::optional<std::string> read_text(Faults& faults, const YAML::Node& node,
                                     std::string_view mend) {
  if (is_scalar(node) && node.Scalar().find('\0') == std::string::npos) return node.Scalar();
  faults.add(node.Mark(), "must be text; write " + std::string(mend));
  return std::nullopt;
}

std::optional<std::uint64_t> read_count(Faults& faults, const YAML::Node& node, std::uint64_t min,
                                        std::uint64_t max) {
  const bool digits = is_plain(node) && std::ranges::all_of(node.Scalar(), [](char c) {
                        return c >= '0' && c <= '9';
                      });
  const auto value = digits ? parse_size(node.Scalar()) : std::nullopt;
  if (value && *value >= min && *value <= max) return value;
  faults.add(node.Mark(),
             "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

std::optional<std::uint64_t> read_size(Faults& faults, const YAML::Node& node, std::uint64_t min,
                                       std::uint64_t max) {
  const auto value = is_scalar(node) ? parse_size(node.Scalar()) : std::nullopt;
  if (value && *value >= min && *value <= max) return value;
  faults.add(node.Mark(),
             "must be a size from " + std::to_string(min) + " to " + std::to_string(max) +
                 " bytes; write a number of bytes or one with a unit: 64KiB, 64MiB, 1GiB");
  return std::nullopt;
}

std::optional<std::chrono::microseconds> read_duration(Faults& faults, const YAML::Node& node,
                                                       std::chrono::microseconds min,
                                                       std::chrono::microseconds max) {
  const auto value = is_scalar(node) ? parse_duration(node.Scalar()) : std::nullopt;
  if (value && *value >= min && *value <= max) return value;
  faults.add(node.Mark(), "must be a time from " + write_duration(min) + " to " +
                              write_duration(max) + "; write it with its unit: 250ms, 10s, 5m, 1h");
  return std::nullopt;
}

std::optional<bool> read_bool(Faults& faults, const YAML::Node& node) {
  if (is_plain(node) && node.Scalar() == "true") return true;
  if (is_plain(node) && node.Scalar() == "false") return false;
  faults.add(node.Mark(), "must be true or false");
  return std::nullopt;
}

std::optional<std::size_t> read_choice(Faults& faults, const YAML::Node& node,
                                       const std::vector<std::string_view>& choices) {
  if (is_scalar(node)) {
    const auto found = std::ranges::find(choices, node.Scalar());
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  }
  faults.add(node.Mark(), "must be one of: " + join(choices, ", "));
  return std::nullopt;
}

std::vector<std::pair<YAML::Node, std::string>> read_texts(Faults& faults, const YAML::Node& node,
                                                           std::string_view mend) {
  std::vector<std::pair<YAML::Node, std::string>> out;
  if (!node.IsSequence()) {
    faults.add(node.Mark(), "must be a list; write [" + std::string(mend) + "]");
    return out;
  }
  for (const auto& element : node) {
    if (auto text = read_text(faults, element, mend)) out.emplace_back(element, std::move(*text));
  }
  return out;
}

}  // namespace customhouse::app
