// Passwords and secrets that belong to no one vendor: what stands for a value, names one or is
// plain prose is none.
#include <algorithm>
#include <array>

#include "policy/checksums.h"
#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

/// Something that stands for a value instead of being one: a variable, a template, a mask.
bool is_stand_in(std::string_view value) {
  if (value.empty()) return true;
  static constexpr std::array<std::string_view, 10> kOpenings = {"${", "$(", "{{", "{%",    "<%",
                                                                 "%(", "%{", "#{", "$env:", "@@"};
  for (const std::string_view opening : kOpenings) {
    if (value.starts_with(opening)) return true;
  }
  const auto only = [value](std::string_view set) {
    return value.find_first_not_of(set) == std::string_view::npos;
  };
  if (only("*") || only("xX") || only(".") || only("-_") || only("?") || only("#")) return true;
  if (value.starts_with("***") || value.ends_with("***")) return true;
  if (value.front() == '<' && value.back() == '>') return true;
  if (value.front() == '{' && value.back() == '}') return true;
  if (value.front() == '[' && value.back() == ']') return true;
  if (value.front() == '%' && value.back() == '%' && value.size() > 2) return true;
  if (value.front() == '$' && value.size() > 1) {
    return std::ranges::all_of(value.substr(1), [](char c) { return is_alnum(c) || c == '_'; }) &&
           (is_alpha(value[1]) || value[1] == '_');
  }
  return false;
}

/// Source code that fetches or names a value: os.environ["X"], getpass(), self.password, str.
bool is_code(std::string_view value) {
  static constexpr std::array<std::string_view, 16> kMarks = {
      "environ", "getenv", "process.env", "getpass", "input(",   "prompt(", "config.",  "settings.",
      "self.",   "this.",  "request.",    "args.",   "secrets.", "vault.",  "options.", "props."};
  for (const std::string_view mark : kMarks) {
    if (contains_ignoring_case(value, mark)) return true;
  }
  // A call: name(…). Bare brackets also occur in passwords, so a name must stand before.
  const std::size_t open = value.find('(');
  return open != std::string_view::npos && open > 0 && value.find(')') != std::string_view::npos &&
         std::ranges::all_of(value.substr(0, open),
                             [](char c) { return is_alnum(c) || c == '_' || c == '.'; });
}

bool is_common_word(std::string_view value) {
  static constexpr auto kWords = std::to_array<std::string_view>({"bool",
                                                                  "boolean",
                                                                  "bytes",
                                                                  "changed",
                                                                  "correct",
                                                                  "empty",
                                                                  "encrypted",
                                                                  "expired",
                                                                  "false",
                                                                  "field",
                                                                  "forgotten",
                                                                  "hash",
                                                                  "hashed",
                                                                  "hidden",
                                                                  "incorrect",
                                                                  "input",
                                                                  "invalid",
                                                                  "left",
                                                                  "missing",
                                                                  "mandatory",
                                                                  "never",
                                                                  "nil",
                                                                  "none",
                                                                  "null",
                                                                  "number",
                                                                  "object",
                                                                  "optional",
                                                                  "passphrase",
                                                                  "passwd",
                                                                  "password",
                                                                  "pwd",
                                                                  "redacted",
                                                                  "required",
                                                                  "reset",
                                                                  "secret",
                                                                  "set",
                                                                  "should",
                                                                  "static",
                                                                  "string",
                                                                  "strong",
                                                                  "text",
                                                                  "token",
                                                                  "true",
                                                                  "type",
                                                                  "undefined",
                                                                  "unknown",
                                                                  "unset",
                                                                  "user",
                                                                  "username",
                                                                  "valid",
                                                                  "value",
                                                                  "void",
                                                                  "weak",
                                                                  "wrong",
                                                                  "your",
                                                                  "your-password",
                                                                  "your_password",
                                                                  "yourpassword",
                                                                  "changeme_placeholder",
                                                                  "str",
                                                                  "char",
                                                                  "auto",
                                                                  "const",
                                                                  "let",
                                                                  "var",
                                                                  "default",
                                                                  "protected",
                                                                  "prompt",
                                                                  "placeholder",
                                                                  "stored",
                                                                  "not",
                                                                  "the",
                                                                  "too",
                                                                  "and",
                                                                  "for",
                                                                  "only",
                                                                  "also"});
  const std::string lower = lowered(value);
  return std::ranges::find(kWords, lower) != kWords.end();
}

struct Makeup {
  bool digit = false, lower = false, upper = false, other = false;
  int kinds() const noexcept { return int{digit} + int{lower} + int{upper} + int{other}; }
};
Makeup makeup(std::string_view value) {
  Makeup m;
  for (const char c : value) {
    if (is_digit(c))
      m.digit = true;
    else if (is_lower(c))
      m.lower = true;
    else if (is_upper(c))
      m.upper = true;
    else
      m.other = true;
  }
  return m;
}

/// Punctuation that ends a sentence or a statement is no part of an unquoted value.
void trim_tail(Candidate& c) {
  static constexpr std::string_view kTail = ".,;:)]}>";
  while (c.end > c.begin + 1 && kTail.contains(c.text[c.end - 1])) {
    const char last = c.text[c.end - 1];
    if (last == ')' && c.value().find('(') != std::string_view::npos) break;
    if (last == ']' && c.value().find('[') != std::string_view::npos) break;
    if (last == '}' && c.value().find('{') != std::string_view::npos) break;
    if (last == '>' && c.value().find('<') != std::string_view::npos) break;
    --c.end;
  }
}

Verdict password_quoted(Candidate& c) {
  const std::string_view value = c.value();
  if (is_stand_in(value) || is_common_word(value)) return Verdict::reject();
  return Verdict::accept();
}

Verdict password_assigned(Candidate& c) {
  trim_tail(c);
  const std::string_view value = c.value();
  if (value.size() < 4 || is_stand_in(value) || is_code(value) || is_common_word(value)) {
    return Verdict::reject();
  }
  const Makeup m = makeup(value);
  // A plain name is more often a variable or a type than a password.
  const bool identifier = std::ranges::all_of(
      value, [](char b) { return is_alpha(b) || b == '_' || b == '.' || b == '-'; });
  if (identifier && (value.size() < 8 || m.kinds() > 1)) return Verdict::reject();
  const bool line_ends = c.end >= c.text.size() || c.text[c.end] == '\n' || c.text[c.end] == '\r';
  if (identifier && !line_ends) return Verdict::reject();
  return Verdict::accept();
}

Verdict password_in_prose(Candidate& c) {
  trim_tail(c);
  const std::string_view value = c.value();
  if (value.size() < 4 || is_stand_in(value) || is_code(value) || is_common_word(value)) {
    return Verdict::reject();
  }
  const Makeup m = makeup(value);
  const bool mixed =
      (m.digit && m.kinds() > 1) || (m.other && m.kinds() > 2) || (m.digit && value.size() >= 6);
  return mixed ? Verdict::accept() : Verdict::reject();
}

Verdict url_password(Candidate& c) {
  return is_stand_in(c.value()) ? Verdict::reject() : Verdict::accept();
}

Verdict generic_secret(Candidate& c) {
  const std::string_view value = c.value();
  if (is_stand_in(value) || is_code(value)) return Verdict::reject();
  const Makeup m = makeup(value);
  if (!m.digit || !(m.lower || m.upper)) return Verdict::reject();
  return entropy_bits_per_byte(value) >= 3.3 ? Verdict::accept() : Verdict::reject();
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"generic_secret", generic_secret},
    {"password_assigned", password_assigned},
    {"password_in_prose", password_in_prose},
    {"password_quoted", password_quoted},
    {"url_password", url_password},
});

}  // namespace

std::span<const NamedValidator> password_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
