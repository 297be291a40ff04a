// No replacements: the same bytes. Replacements: a body that still reads, with the text in it.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/provider/extraction.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace customhouse;
  constexpr std::array<std::string_view, 6> kTypes = {"application/json",
                                                      "application/jsonl",
                                                      "text/plain",
                                                      "multipart/form-data; boundary=b",
                                                      "",
                                                      "application/octet-stream"};
  if (size < 2) return 0;
  const std::string_view type = kTypes[data[0] % kTypes.size()];
  const std::size_t choice = data[1];
  const std::string body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const provider::ExtractionLimits limits{.max_depth = 32,
                                          .max_strings = 5000,
                                          .max_nested_documents = 4,
                                          .max_decoded_bytes = 1 << 20};
  const auto extraction = provider::extract({}, "/v1/x", type, body, limits);
  if (!extraction) return 0;
  if (extraction->apply({}) != body) std::abort();
  const auto& coverage = extraction->coverage();
  if (coverage.scanned + coverage.skipped != body.size()) std::abort();
  const auto& spans = extraction->spans();
  if (spans.empty()) return 0;
  const std::size_t span = choice % spans.size();
  const std::string_view text = spans[span].text;
  // Policy edits whole characters.
  std::size_t begin = text.size() / 3;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  const policy::Replacement replacement{span, begin, text.size(), "[\"X\\1]"};
  const std::string edited = extraction->apply({&replacement, 1});
  if (edited == body && text.substr(begin) != replacement.text) std::abort();
  // All of one span replaced: JSON stays JSON (a key may now equal its neighbour, hence the 400).
  if (type != "application/json") return 0;
  const auto again = provider::extract({}, "/v1/x", type, edited, limits);
  if (!again && again.error().what.find("two equal keys") == std::string::npos &&
      again.error().status != 413)
    std::abort();
  return 0;
}
