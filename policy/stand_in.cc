#include "policy/stand_in.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "policy/text.h"

namespace customhouse::policy {
namespace {

bool only(std::string_view value, std::string_view set) noexcept {
  return value.find_first_not_of(set) == std::string_view::npos;
}

bool is_name(std::string_view value) noexcept {
  return !value.empty() && !is_digit(value.front()) &&
         std::ranges::all_of(value, [](char c) { return is_alnum(c) || c == '_' || c == '.'; });
}

/// The 150 commonest pairs of letters (84 % of all) in English documentation and Python sources of
/// Debian 12: bit `second - 'a'` of row `first - 'a'`.
constexpr auto kCommonPairs = [] {
  constexpr std::string_view kPairs =
      "insethreeronorheteelenatdelestesisartiancomealntetitlilfndneedionorongtoifta"
      "ratrasecurilamfiricectnamansvefoexotpasipeoddieatuouhaefssaclaomprgecartrnll"
      "lounicchpoofmpncadimutrsopulusmotsrrepbeclailspthiemosplckuevawihobuocrgsoee"
      "ketysudodaumrylublagabapibirttfrolgsobowupxtigniltspnuypshiefalyidrmppwa";
  std::array<std::uint32_t, 26> rows{};
  for (std::size_t i = 0; i + 1 < kPairs.size(); i += 2) {
    rows[static_cast<std::size_t>(kPairs[i] - 'a')] |= 1U << (kPairs[i + 1] - 'a');
  }
  return rows;
}();

}  // namespace

bool is_stand_in(std::string_view value) {
  if (value.empty()) return true;
  // Templates, then references to what a secret manager keeps.
  static constexpr auto kOpenings = std::to_array<std::string_view>(
      {"${",       "$(",    "{{",        "{%",       "<%",
       "%(",       "%{",    "%s",        "#{",       "$env:",
       "@@",       "$[",    "op://",     "arn:",     "vault:",
       "vault://", "ref+",  "ssm:",      "sm://",    "projects/",
       "env:",     "file:", "secret://", "awssm://", "@Microsoft.KeyVault"});
  for (const std::string_view opening : kOpenings) {
    if (value.starts_with(opening)) return true;
  }
  for (const std::string_view mask : {"*", "xX", ".", "-_", "?", "#", "•"}) {
    if (only(value, mask)) return true;
  }
  if (value.starts_with("***") || value.ends_with("***") || value.ends_with("...")) return true;
  if (value.front() == '<' && value.back() == '>') return true;
  if (value.front() == '{' && value.back() == '}') return true;
  if (value.front() == '[' && value.back() == ']') return true;
  if (value.front() == '%' && value.back() == '%' && value.size() > 2) return true;
  if (value.front() == '$' && value.size() > 1) {
    return std::ranges::all_of(value.substr(1), [](char c) { return is_alnum(c) || c == '_'; }) &&
           (is_alpha(value[1]) || value[1] == '_');
  }
  const std::string lower = lowered(value);
  const bool yours = lower.starts_with("your") || lower.starts_with("insert") ||
                     lower.starts_with("replace") || lower.starts_with("enter");
  return yours && std::ranges::none_of(value, is_digit) && reads_like_words(value);
}

bool is_path(std::string_view value) noexcept {
  const bool rooted = value.starts_with('/') || value.starts_with("./") ||
                      value.starts_with("../") || value.starts_with("~/");
  return rooted && value.find('/', value.find('/') + 1) != std::string_view::npos &&
         std::ranges::all_of(
             value, [](char c) { return is_alnum(c) || std::string_view("/._-~").contains(c); });
}

bool is_code(std::string_view value) {
  static constexpr std::array<std::string_view, 21> kMarks = {
      "environ",   "getenv", "process.env", "getpass",  "input(", "prompt(", "config.",
      "settings.", "self.",  "this.",       "request.", "args.",  "vault.",  "secrets.",
      "options.",  "props.", "->",          "::",       "&&",     "||",      "params["};
  for (const std::string_view mark : kMarks) {
    if (contains_ignoring_case(value, mark)) return true;
  }
  // A call, a cast or a type: name(…), (name)…, Optional[str], Option<String>. Bare brackets also
  // occur in passwords, so a name must stand with them.
  const std::size_t open = value.find_first_of("([<");
  if (open == std::string_view::npos) return false;
  if (open > 0) {
    const std::string_view name = value.substr(0, open);
    const bool closed = value.find_first_of(")]>", open) != std::string_view::npos;
    return is_name(name) && (closed || name.contains('.') || open + 1 == value.size() ||
                             std::string_view("([").contains(value.back()));
  }
  return value.front() == '(' && is_name(value.substr(1, value.find(')') - 1));
}

bool reads_like_words(std::string_view value) noexcept {
  std::size_t letters = 0, pairs = 0, common = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!is_alpha(value[i])) continue;
    ++letters;
    if (i == 0 || !is_alpha(value[i - 1])) continue;
    ++pairs;
    const auto row = static_cast<std::size_t>(to_lower(value[i - 1]) - 'a');
    common += kCommonPairs[row] >> (to_lower(value[i]) - 'a') & 1U;
  }
  return pairs >= 6 && common * 10 >= pairs * 6 && letters * 10 >= value.size() * 6;
}

bool is_common_word(std::string_view value) {
  static constexpr auto kWords = std::to_array<std::string_view>({"above",
                                                                  "also",
                                                                  "and",
                                                                  "argon2",
                                                                  "argument",
                                                                  "array",
                                                                  "attribute",
                                                                  "auth",
                                                                  "authentication",
                                                                  "authorization",
                                                                  "auto",
                                                                  "available",
                                                                  "basic",
                                                                  "bcrypt",
                                                                  "bearer",
                                                                  "below",
                                                                  "bool",
                                                                  "boolean",
                                                                  "bytes",
                                                                  "bytes_like",
                                                                  "can",
                                                                  "changed",
                                                                  "changeme_placeholder",
                                                                  "char",
                                                                  "char*",
                                                                  "cleartext",
                                                                  "column",
                                                                  "configured",
                                                                  "confirm",
                                                                  "confirmation",
                                                                  "const",
                                                                  "correct",
                                                                  "crypt",
                                                                  "current",
                                                                  "data",
                                                                  "default",
                                                                  "description",
                                                                  "dialog",
                                                                  "dict",
                                                                  "different",
                                                                  "digest",
                                                                  "disabled",
                                                                  "double",
                                                                  "email",
                                                                  "empty",
                                                                  "empty_string",
                                                                  "enabled",
                                                                  "encrypted",
                                                                  "encryption",
                                                                  "entered",
                                                                  "entry",
                                                                  "example-password",
                                                                  "example_password",
                                                                  "expired",
                                                                  "false",
                                                                  "field",
                                                                  "field_name",
                                                                  "file",
                                                                  "file_get_contents",
                                                                  "float",
                                                                  "for",
                                                                  "forgotten",
                                                                  "from",
                                                                  "generated",
                                                                  "hash",
                                                                  "hashed",
                                                                  "help",
                                                                  "here",
                                                                  "hidden",
                                                                  "hint",
                                                                  "incorrect",
                                                                  "input",
                                                                  "insecure",
                                                                  "int",
                                                                  "interactive",
                                                                  "invalid",
                                                                  "json",
                                                                  "key",
                                                                  "keys",
                                                                  "label",
                                                                  "ldap",
                                                                  "left",
                                                                  "length",
                                                                  "let",
                                                                  "list",
                                                                  "locked",
                                                                  "login",
                                                                  "manager",
                                                                  "mandatory",
                                                                  "map",
                                                                  "masked",
                                                                  "matched",
                                                                  "matches",
                                                                  "may",
                                                                  "md5",
                                                                  "mismatch",
                                                                  "missing",
                                                                  "must",
                                                                  "name",
                                                                  "never",
                                                                  "never_expires",
                                                                  "new",
                                                                  "nil",
                                                                  "none",
                                                                  "noninteractive",
                                                                  "not",
                                                                  "null",
                                                                  "nullptr",
                                                                  "number",
                                                                  "object",
                                                                  "old",
                                                                  "only",
                                                                  "optional",
                                                                  "parameter",
                                                                  "passphrase",
                                                                  "passwd",
                                                                  "password",
                                                                  "path",
                                                                  "pbkdf2",
                                                                  "placeholder",
                                                                  "plain",
                                                                  "plaintext",
                                                                  "policy",
                                                                  "previous",
                                                                  "prompt",
                                                                  "prompted",
                                                                  "property",
                                                                  "protected",
                                                                  "protection",
                                                                  "provided",
                                                                  "pwd",
                                                                  "random",
                                                                  "readonly",
                                                                  "recovery",
                                                                  "redacted",
                                                                  "required",
                                                                  "reset",
                                                                  "rotation",
                                                                  "same",
                                                                  "scrypt",
                                                                  "secret",
                                                                  "secretstr",
                                                                  "securestring",
                                                                  "self",
                                                                  "sensitive",
                                                                  "set",
                                                                  "sha1",
                                                                  "sha256",
                                                                  "should",
                                                                  "ssl",
                                                                  "static",
                                                                  "stored",
                                                                  "str",
                                                                  "str,",
                                                                  "strength",
                                                                  "string",
                                                                  "strong",
                                                                  "supplied",
                                                                  "text",
                                                                  "that",
                                                                  "the",
                                                                  "this",
                                                                  "title",
                                                                  "tls",
                                                                  "token",
                                                                  "too",
                                                                  "true",
                                                                  "type",
                                                                  "undefined",
                                                                  "unencrypted",
                                                                  "unknown",
                                                                  "unlocked",
                                                                  "unset",
                                                                  "uri",
                                                                  "url",
                                                                  "user",
                                                                  "username",
                                                                  "valid",
                                                                  "value",
                                                                  "var",
                                                                  "variable",
                                                                  "verified",
                                                                  "void",
                                                                  "weak",
                                                                  "when",
                                                                  "which",
                                                                  "widget",
                                                                  "will",
                                                                  "with",
                                                                  "wrong",
                                                                  "yaml",
                                                                  "yes",
                                                                  "your",
                                                                  "your-password",
                                                                  "your_password",
                                                                  "yourpassword"});
  return std::ranges::binary_search(kWords, lowered(value));
}

bool is_password_prose(std::string_view value) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"passwor",    "passcode", "passphrase",  "kennwort", "contrase", "mot de passe", "senha",
       "wachtwoord", "lösenord", "adgangskode", "hasło",    "heslo",    "parola",       "jelszó",
       "salasana",   "şifre",    "пароль",      "Пароль",   "пароля",   "密码",         "密碼",
       "パスワード", "비밀번호", "secret",      "token",    "api key"});
  static constexpr auto kSmallWords = std::to_array<std::string_view>(
      {" your ", " the ", " must ", " is ",  " are ", " to ",  " of ", " a ",  " not ", " for ",
       " and ",  " be ",  " with ", " der ", " die ", " das ", " le ", " la ", " el ",  " de "});
  if (std::ranges::any_of(value, is_digit)) return false;
  // Words, spaces and what ends a sentence; other signs are those of a password.
  if (value.find_first_of("@#$%^&*+=~|\\<>[]{}") != std::string_view::npos) return false;
  const auto holds = [value](std::string_view word) { return contains_ignoring_case(value, word); };
  if (std::ranges::any_of(kNames, holds)) return true;
  return value.contains(' ') && std::ranges::any_of(kSmallWords, holds);
}

bool is_well_known_password(std::string_view value) {
  static constexpr auto kKnown = std::to_array<std::string_view>(
      {"admin",      "changeit", "changeme", "change-me", "change_me",    "default",
       "dummy",      "example",  "foobar",   "guest",     "letmein",      "minioadmin",
       "mypassword", "pass",     "passw0rd", "postgres",  "root",         "sample",
       "test",       "test123",  "testing",  "testpass",  "testpassword", "toor",
       "topsecret",  "123456",   "12345678", "123456789", "1234567890"});
  return std::ranges::find(kKnown, lowered(value)) != kKnown.end();
}

}  // namespace customhouse::policy
