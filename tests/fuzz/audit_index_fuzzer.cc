// Keys, postings and terms of the index: any bytes are read within bounds, and what is accepted is
// written back as it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "audit/index.h"

using namespace customhouse::audit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto key = parse_posting_key(bytes)) {
    if (posting_key(key->term, key->block) != bytes) std::abort();
    const auto term = parse_term(key->term);
    if (!term->digest && make_term(term->tag, term->value) != key->term) std::abort();
  }
  if (const auto bits = decode_posting(bytes)) {
    std::vector<std::uint16_t> offsets;
    for (std::size_t i = 0; i < bits->size(); ++i)
      if (bits->test(i)) offsets.push_back(static_cast<std::uint16_t>(i));
    if (!offsets.empty() && decode_posting(encode_posting(offsets)) != bits) std::abort();
  }
  for (const auto& term : terms_of(bytes))
    if (!parse_term(term)) std::abort();
  return 0;
}
