// Signed notes (c2sp.org/signed-note): a text and, below an empty line, signatures of named keys.
// Keys are Ed25519 (RFC 8032), encoded as golang.org/x/mod/sumdb/note does.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::audit {

using KeyId = std::array<std::uint8_t, 4>;

/// A key's name: printable ASCII without space and '+', at most 200 bytes.
bool valid_key_name(std::string_view name) noexcept;

/// The public half. Copyable.
class NoteVerifier {
 public:
  /// "<name>+<hex key id>+<base64(0x01 || public key)>"
  static std::expected<NoteVerifier, std::string> parse(std::string_view text);

  const std::string& name() const noexcept { return name_; }
  const KeyId& id() const noexcept { return id_; }
  std::string encoded() const;
  bool verify(std::string_view text, std::string_view signature) const;

 private:
  friend class NoteSigner;
  NoteVerifier(std::string name, const std::array<std::uint8_t, 32>& public_key);
  std::string name_;
  KeyId id_{};
  std::array<std::uint8_t, 32> public_key_{};
};

/// The private half: zeroised when it goes, moved but never copied.
class NoteSigner {
 public:
  static std::expected<NoteSigner, std::string> generate(std::string_view name);
  /// "PRIVATE+KEY+<name>+<hex key id>+<base64(0x01 || seed)>". The error never quotes the text.
  static std::expected<NoteSigner, std::string> parse(std::string_view text);
  NoteSigner(NoteSigner&& other) noexcept;
  NoteSigner& operator=(NoteSigner&&) = delete;
  ~NoteSigner();

  const NoteVerifier& verifier() const noexcept { return verifier_; }
  /// The text that parse() takes; the caller wipes it.
  std::string encoded() const;
  std::string sign(std::string_view text) const;

 private:
  NoteSigner(NoteVerifier verifier, const std::array<std::uint8_t, 32>& seed);
  static std::expected<NoteSigner, std::string> from_seed(std::string_view name,
                                                          std::array<std::uint8_t, 32>& seed);
  NoteVerifier verifier_;
  std::array<std::uint8_t, 32> seed_;
};

struct NoteSignature {
  std::string name;
  KeyId id{};
  std::string signature;
};
struct Note {
  std::string text;  // with its last line end
  std::vector<NoteSignature> signatures;
};

/// At most 1 MiB and 100 signatures. Says nothing about whether the signatures are right.
std::expected<Note, std::string> parse_note(std::string_view bytes);
/// True if `key` signed it and every signature that bears its name and id is right.
bool signed_by(const Note& note, const NoteVerifier& key);
/// The text must end with a line end. A NoteSigner of each key signs.
std::string sign_note(std::string_view text, std::span<const NoteSigner* const> signers);

}  // namespace customhouse::audit
