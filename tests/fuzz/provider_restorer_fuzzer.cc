// The output does not depend on how the input was cut, and without entries nothing changes.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/provider/answer_restorer.h"

namespace {

using namespace customhouse;

std::string run(std::string_view answer, std::string_view type,
                const std::vector<policy::RestoreEntry>& entries, std::size_t piece,
                bool truncated) {
  const auto restorer = provider::AnswerRestorer::create({}, type, entries);
  std::string out;
  for (std::size_t at = 0; at < answer.size(); at += piece) {
    if (!restorer->feed(answer.substr(at, piece), out)) return "error";
  }
  restorer->finish(truncated, out);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 3> kTypes = {"text/event-stream", "application/json",
                                                      "text/plain"};
  static const std::vector<policy::RestoreEntry> entries = {
      {"[A_1]", "a\"\n", policy::Restore::Everywhere, {}},
      {"[AB_2]", "b", policy::Restore::Text, {}},
      {"[C_3]", "c", policy::Restore::SameHost, {"h.org"}},
      {"[D_4]", "d", policy::Restore::Never, {}}};
  if (size < 2) return 0;
  const std::string_view type = kTypes[data[0] % kTypes.size()];
  const bool truncated = (data[1] & 1) != 0;
  const std::string_view answer(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = run(answer, type, entries, answer.size() + 1, truncated);
  if (run(answer, type, entries, 1, truncated) != whole) std::abort();
  if (run(answer, type, entries, 2 + data[1] % 13, truncated) != whole) std::abort();
  if (run(answer, type, {}, 3, truncated) != answer) std::abort();
  if (answer.find("[") == std::string_view::npos && answer.find("\\") == std::string_view::npos &&
      whole != answer)
    std::abort();
  return 0;
}
