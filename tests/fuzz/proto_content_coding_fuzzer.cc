// Content codings: output stays within the limit, and cutting the input changes neither what comes
// out of an intact body nor whether it is intact.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/proto/content_coding.h"

namespace {

using namespace customhouse::proto;

constexpr std::size_t kLimit = 1 << 16;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Result {
  std::string out;
  bool intact = false;
};

Result decode(std::string_view coding, std::string_view input, std::size_t first,
              std::size_t step) {
  auto decoder = ContentDecoder::create(coding, kLimit);
  require(decoder.has_value());
  Result result;
  std::size_t end = std::min(first, input.size());
  for (std::size_t begin = 0;;) {
    const bool fed = decoder->feed(input.substr(begin, end - begin), result.out).has_value();
    require(result.out.size() <= kLimit);
    if (!fed) return result;
    if (end == input.size()) break;
    begin = end;
    end = std::min(end + step, input.size());
  }
  result.intact = decoder->finish().has_value();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::array<std::string_view, 8> kCodings = {
      "gzip", "deflate", "br", "zstd", "identity", "gzip, br", "deflate, zstd", "br, zstd, gzip"};
  if (size < 2 || size > (1 << 14)) return 0;
  const std::string_view coding = kCodings[data[0] % kCodings.size()];
  const std::size_t cut = data[1];
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Result whole = decode(coding, input, input.size(), 1);
  for (const Result& parts :
       {decode(coding, input, cut, input.size()), decode(coding, input, 1, 1 + cut % 3)}) {
    require(parts.intact == whole.intact);
    if (whole.intact) require(parts.out == whole.out);
  }
  return 0;
}
