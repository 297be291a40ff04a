// The validators of secrets at any place of any bytes: they stay inside the text, answer the same
// twice, and judge the place they were given. The first byte chooses the validator, the second and
// third the place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/stand_in.h"
#include "policy/validators.h"

namespace {

void judge(const customhouse::policy::NamedValidator& validator, std::string_view text,
           std::size_t begin, std::size_t end) {
  customhouse::policy::Candidate first{text, begin, end, false}, second = first;
  const auto a = validator.function(first), b = validator.function(second);
  if (a.accepted != b.accepted || a.confidence != b.confidence || a.normalized != b.normalized) {
    std::abort();
  }
  if (first.begin != second.begin || first.end != second.end) std::abort();
  if (first.begin >= first.end || first.end > text.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace customhouse::policy;
  if (size < 4 || size > 8192) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::size_t begin = data[1] % text.size();
  const std::size_t end = begin + 1 + data[2] % (text.size() - begin);
  for (const auto table : {secret_validators(), password_validators(), private_key_validators()}) {
    judge(table[data[0] % table.size()], text, begin, end);
    judge(table[data[0] % table.size()], text, 0, text.size());
  }
  const std::string_view value = text.substr(begin, end - begin);
  (void)is_stand_in(value);
  (void)is_code(value);
  (void)is_path(value);
  (void)is_common_word(value);
  (void)is_password_prose(value);
  (void)is_well_known_password(value);
  (void)reads_like_words(value);
  return 0;
}
