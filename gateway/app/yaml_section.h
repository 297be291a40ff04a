// Typed reading of a YAML file: every fault is collected with its place and its mend.
#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/app/config.h"

namespace customhouse::app {

/// Collects the faults of one file.
class Faults {
 public:
  explicit Faults(std::string file) : file_(std::move(file)) {}
  void add(const YAML::Mark& mark, std::string what);
  std::vector<ConfigError> take() { return std::move(errors_); }
  bool empty() const { return errors_.empty(); }

 private:
  std::string file_;
  std::vector<ConfigError> errors_;
};

/// One key of a map, and what reads its value.
struct Key {
  std::string_view name;
  std::function<void(const YAML::Node& value)> read;
  bool required = false;
};

/// Reads a map: unknown, repeated and missing keys are faults. `where` names it in messages ("" is
/// the whole file).
void read_map(Faults& faults, const YAML::Node& node, std::string_view where,
              std::initializer_list<Key> keys);

/// Scalars. nullopt: a fault was added. Values out of [min, max] are faults that name the range.
std::optional<std::string> read_text(Faults& faults, const YAML::Node& node, std::string_view mend);
std::optional<std::uint64_t> read_count(Faults& faults, const YAML::Node& node, std::uint64_t min,
                                        std::uint64_t max);
std::optional<std::uint64_t> read_size(Faults& faults, const YAML::Node& node, std::uint64_t min,
                                       std::uint64_t max);
std::optional<std::chrono::microseconds> read_duration(Faults& faults, const YAML::Node& node,
                                                       std::chrono::microseconds min,
                                                       std::chrono::microseconds max);
std::optional<bool> read_bool(Faults& faults, const YAML::Node& node);
/// Index into `choices`.
std::optional<std::size_t> read_choice(Faults& faults, const YAML::Node& node,
                                       const std::vector<std::string_view>& choices);
/// The elements of a list of text; faults are added for all others.
std::vector<std::pair<YAML::Node, std::string>> read_texts(Faults& faults, const YAML::Node& node,
                                                           std::string_view mend);

}  // namespace customhouse::app
