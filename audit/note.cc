#include "audit/note.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>

#include "audit/base64.h"
#include "audit/digest.h"

namespace customhouse::audit {

namespace {

constexpr std::size_t kMaxNote = 1u << 20;
constexpr std::size_t kMaxSignatures = 100;
constexpr std::string_view kSignatureMark = "\xE2\x80\x94 ";  // U+2014 and a space
constexpr std::string_view kPrivateMark = "PRIVATE+KEY+";
constexpr char kEd25519 = 1;

using KeyBytes = std::array<std::uint8_t, 32>;
using PKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::string_view view(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

KeyId key_id(std::string_view name, const KeyBytes& public_key) {
  const Hash hash = sha256({name, "\n", std::string_view(&kEd25519, 1), view(public_key)});
  return {hash[0], hash[1], hash[2], hash[3]};
}

std::string hex_of(const KeyId& id) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : id) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

/// "<name>+<hex id>+<base64(0x01 || 32 bytes)>"
struct EncodedKey {
  std::string name, id;
  KeyBytes bytes{};
};
std::expected<EncodedKey, std::string> parse_encoded(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return std::unexpected("a key has the form name+id+base64");
  EncodedKey key{std::string(text.substr(0, first)),
                 std::string(text.substr(first + 1, second - first - 1)),
                 {}};
  if (!valid_key_name(key.name)) return std::unexpected("the key's name is not valid");
  auto decoded = base64_decode(text.substr(second + 1));
  const bool fits = decoded && decoded->size() == 1 + key.bytes.size();
  const bool known = fits && decoded->front() == kEd25519;
  if (known) std::copy_n(decoded->begin() + 1, key.bytes.size(), key.bytes.begin());
  if (decoded) OPENSSL_cleanse(decoded->data(), decoded->size());
  if (!fits) return std::unexpected("the key's base64 part has not 33 bytes");
  if (!known) return std::unexpected("the key is not of the kind Ed25519");
  return key;
}

std::optional<KeyBytes> public_of(const KeyBytes& seed) {
  const PKey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
                 EVP_PKEY_free);
  KeyBytes made{};
  std::size_t size = made.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), made.data(), &size) != 1) return std::nullopt;
  return made;
}

}  // namespace

bool valid_key_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 200 &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7F && c != '+'; });
}

// ---------------------------------------------------------------- keys

NoteVerifier::NoteVerifier(std::string name, const KeyBytes& public_key)
    : name_(std::move(name)), id_(key_id(name_, public_key)), public_key_(public_key) {}

std::expected<NoteVerifier, std::string> NoteVerifier::parse(std::string_view text) {
  auto key = parse_encoded(text);
  if (!key) return std::unexpected(key.error());
  NoteVerifier verifier(std::move(key->name), key->bytes);
  if (hex_of(verifier.id_) != key->id)
    return std::unexpected("the key's id is not that of its name and bytes");
  return verifier;
}

std::string NoteVerifier::encoded() const {
  return name_ + "+" + hex_of(id_) + "+" +
         base64_encode(std::string(1, kEd25519).append(view(public_key_)));
}

bool NoteVerifier::verify(std::string_view text, std::string_view signature) const {
  const PKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key_.data(),
                                             public_key_.size()),
                 EVP_PKEY_free);
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return key && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                          text.size()) == 1;
}

NoteSigner::NoteSigner(NoteVerifier verifier, const KeyBytes& seed)
    : verifier_(std::move(verifier)), seed_(seed) {}

NoteSigner::NoteSigner(NoteSigner&& other) noexcept
    : verifier_(std::move(other.verifier_)), seed_(other.seed_) {
  OPENSSL_cleanse(other.seed_.data(), other.seed_.size());
}

NoteSigner::~NoteSigner() {
  OPENSSL_cleanse(seed_.data(), seed_.size());
}

std::expected<NoteSigner, std::string> NoteSigner::from_seed(std::string_view name,
                                                             KeyBytes& seed) {
  const auto public_key = public_of(seed);
  if (!public_key) return std::unexpected("OpenSSL has no Ed25519");
  NoteSigner signer(NoteVerifier(std::string(name), *public_key), seed);
  OPENSSL_cleanse(seed.data(), seed.size());
  return signer;
}

std::expected<NoteSigner, std::string> NoteSigner::generate(std::string_view name) {
  if (!valid_key_name(name))
    return std::unexpected("a key's name is printable ASCII without spaces and '+'");
  KeyBytes seed{};
  if (RAND_priv_bytes(seed.data(), static_cast<int>(seed.size())) != 1)
    return std::unexpected("the system gives no random bytes");
  return from_seed(name, seed);
}

std::expected<NoteSigner, std::string> NoteSigner::parse(std::string_view text) {
  if (!text.starts_with(kPrivateMark))
    return std::unexpected("a private key begins with " + std::string(kPrivateMark));
  auto key = parse_encoded(text.substr(kPrivateMark.size()));
  if (!key) return std::unexpected(key.error());
  auto signer = from_seed(key->name, key->bytes);
  if (signer && hex_of(signer->verifier_.id_) != key->id)
    return std::unexpected("the key's id is not that of its name and bytes");
  return signer;
}

std::string NoteSigner::encoded() const {
  std::string raw(1, kEd25519);
  raw.reserve(1 + seed_.size());
  raw.append(view(seed_));
  std::string text = std::string(kPrivateMark) + verifier_.name_ + "+" + hex_of(verifier_.id_) +
                     "+" + base64_encode(raw);
  OPENSSL_cleanse(raw.data(), raw.size());
  return text;
}

std::string NoteSigner::sign(std::string_view text) const {
  const PKey key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()),
      EVP_PKEY_free);
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(64, '\0');
  std::size_t size = signature.size();
  const bool done =
      key && context &&
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes_of(text), text.size()) == 1;
  if (!done) signature.clear();
  return signature;
}

// ---------------------------------------------------------------- notes

std::expected<Note, std::string> parse_note(std::string_view bytes) {
  if (bytes.size() > kMaxNote) return std::unexpected("the note is too large");
  const bool clean = std::ranges::all_of(
      bytes, [](char c) { return static_cast<unsigned char>(c) >= 0x20 || c == '\n'; });
  if (!clean) return std::unexpected("the note has control characters");
  // Signatures stand below the last empty line.
  const std::size_t gap = bytes.rfind("\n\n");
  if (gap == std::string_view::npos || !bytes.ends_with('\n'))
    return std::unexpected("the note has no signatures");
  Note note{std::string(bytes.substr(0, gap + 1)), {}};
  for (std::string_view rest = bytes.substr(gap + 2); !rest.empty();) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (!line.starts_with(kSignatureMark))
      return std::unexpected("a line below the note's text is no signature");
    line.remove_prefix(kSignatureMark.size());
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return std::unexpected("a signature has no name");
    const auto decoded = base64_decode(line.substr(space + 1));
    NoteSignature signature{std::string(line.substr(0, space)), {}, {}};
    if (!valid_key_name(signature.name) || !decoded || decoded->size() <= signature.id.size())
      return std::unexpected("a signature is malformed");
    std::copy_n(decoded->begin(), signature.id.size(), signature.id.begin());
    signature.signature = decoded->substr(signature.id.size());
    note.signatures.push_back(std::move(signature));
    if (note.signatures.size() > kMaxSignatures)
      return std::unexpected("the note has too many signatures");
  }
  if (note.signatures.empty()) return std::unexpected("the note has no signatures");
  return note;
}

bool signed_by(const Note& note, const NoteVerifier& key) {
  bool found = false;
  for (const NoteSignature& signature : note.signatures) {
    if (signature.name != key.name() || signature.id != key.id()) continue;
    if (!key.verify(note.text, signature.signature)) return false;
    found = true;
  }
  return found;
}

std::string sign_note(std::string_view text, std::span<const NoteSigner* const> signers) {
  std::string note(text);
  note += '\n';
  for (const NoteSigner* signer : signers) {
    const NoteVerifier& key = signer->verifier();
    note.append(kSignatureMark).append(key.name()).append(" ");
    note += base64_encode(std::string(view(key.id())) + signer->sign(text)) + "\n";
  }
  return note;
}

}  // namespace customhouse::audit
