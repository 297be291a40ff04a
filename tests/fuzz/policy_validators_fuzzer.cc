// Every validator and decoder on any bytes: it stays inside the text and answers the same twice.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/base64.h"
#include "policy/checksums.h"
#include "policy/normalizer.h"
#include "policy/validators.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace customhouse::policy;
  if (size < 3 || size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  // The first two bytes choose the place.
  const std::size_t begin = data[0] % text.size();
  const std::size_t end = begin + 1 + data[1] % (text.size() - begin);
  for (const NamedValidator& validator : validators()) {
    Candidate first{text, begin, end, false}, second = first;
    const Verdict a = validator.function(first), b = validator.function(second);
    if (a.accepted != b.accepted || a.normalized != b.normalized) std::abort();
    if (first.begin > first.end || first.end > text.size()) std::abort();
  }
  const std::string bytes(text);
  if (decode_base64(encode_base64(bytes, false, true)) != bytes) std::abort();
  if (decode_base64(encode_base64(bytes, true, false)) != bytes) std::abort();
  if (decode_hex(encode_hex(bytes)) != bytes) std::abort();
  (void)decode_base64(text);
  (void)base58check_valid(text);
  (void)segwit_address_valid(text);
  for (const auto& mapped : {fold_characters(text), undo_escapes(text)}) {
    if (!mapped) continue;
    for (std::size_t i = 0; i < mapped->text.size(); ++i) {
      if (mapped->source_begin(i) >= mapped->source_end(i + 1)) std::abort();
      if (mapped->source_end(i + 1) > text.size()) std::abort();
    }
  }
  return 0;
}
