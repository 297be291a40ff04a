// Rule files of any bytes are refused or loaded, in bounded memory, without a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <expected>
#include <string>

#include "policy/rule_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace customhouse::policy;
  if (size > 64 << 10) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  // Up to "=====" the policy file, after it the detector file it names.
  const std::size_t cut = text.find("=====\n");
  const auto read = [&](const std::string& path) -> std::expected<std::string, std::string> {
    if (path == "p.yaml") return text.substr(0, cut);
    if (cut == std::string::npos) return std::unexpected("none");
    return text.substr(cut + 6);
  };
  const auto loaded = RuleSet::load({"p.yaml"}, read);
  if (loaded) {
    if ((*loaded)->digest().size() != 64) std::abort();
  } else {
    if (loaded.error().empty()) std::abort();
    for (const PolicyError& error : loaded.error()) {
      if (to_string(error).empty() || error.line < 0) std::abort();
    }
  }
  return 0;
}
