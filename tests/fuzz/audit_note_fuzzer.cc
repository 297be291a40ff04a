// Notes and keys of any bytes are refused, or were written in the one way there is.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "audit/base64.h"
#include "audit/note.h"

namespace {

using namespace customhouse::audit;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string write(const Note& note) {
  std::string bytes = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) {
    const std::string id(signature.id.begin(), signature.id.end());
    bytes +=
        "\xE2\x80\x94 " + signature.name + " " + base64_encode(id + signature.signature) + "\n";
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto decoded = base64_decode(text)) require(base64_encode(*decoded) == text);
  if (const auto key = NoteVerifier::parse(text)) {
    require(key->encoded() == text);
    require(valid_key_name(key->name()));
  }
  const auto note = parse_note(text);
  if (!note) {
    require(!note.error().empty());
    return 0;
  }
  require(note->text.ends_with('\n'));
  require(!note->signatures.empty() && note->signatures.size() <= 100);
  require(write(*note) == text);
  for (const NoteSignature& signature : note->signatures) require(valid_key_name(signature.name));
  return 0;
}
