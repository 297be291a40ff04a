// What our scanner accepts, another parser accepts too, and reads the same strings.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "gateway/provider/json_index.h"
#include "gateway/provider/json_text.h"

namespace {

void collect(const nlohmann::json& at, std::multiset<std::string>& strings) {
  if (at.is_string()) strings.insert(at.get<std::string>());
  if (at.is_object()) {
    for (const auto& [key, value] : at.items()) {
      strings.insert(key);
      collect(value, strings);
    }
  } else if (at.is_array()) {
    for (const auto& value : at) collect(value, strings);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using customhouse::provider::JsonIndex;
  using Kind = customhouse::provider::JsonNode::Kind;
  const std::string document(reinterpret_cast<const char*>(data), size);
  const auto index = JsonIndex::parse(document, {.max_depth = 64, .max_nodes = 10'000});
  if (!index) return 0;
  // nlohmann refuses numbers beyond a double; everything else must be accepted.
  nlohmann::json oracle;
  try {
    oracle = nlohmann::json::parse(document);
  } catch (const nlohmann::json::out_of_range&) {
    return 0;
  } catch (const nlohmann::json::parse_error&) {
    std::abort();
  }
  std::multiset<std::string> expected, found;
  collect(oracle, expected);
  for (const auto& node : index->nodes()) {
    if (node.kind == Kind::Key || node.kind == Kind::String) found.insert(index->text(node));
  }
  if (found != expected) std::abort();
  return 0;
}
