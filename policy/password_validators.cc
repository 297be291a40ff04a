// Passwords and secrets that belong to no one vendor: what stands for a value, names one or is
// plain prose is none.
#include <algorithm>
#include <array>

#include "policy/base64.h"
#include "policy/checksums.h"
#include "policy/stand_in.h"
#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

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

bool is_none(std::string_view value) {
  return is_stand_in(value) || is_common_word(value) || is_path(value);
}

/// What everybody knows is still told, to those who ask for low findings too.
Verdict accept_unless_known(std::string_view value) {
  if (is_well_known_password(value)) return Verdict::accept({}, Confidence::Low);
  return Verdict::accept();
}

Verdict password_quoted(Candidate& c) {
  const std::string_view value = c.value();
  if (is_none(value) || is_password_prose(value)) return Verdict::reject();
  // What stands between the end of one string and the beginning of the next: " + name + ".
  if (std::string_view(" ,;)").contains(value.front()) || value.ends_with("+ ")) {
    return Verdict::reject();
  }
  // A key of a translation or of a configuration, a style sheet's selector: login.form.password.
  const bool dotted = (value.contains('.') || value.starts_with('#')) &&
                      std::ranges::all_of(value.substr(1), [](char b) {
                        return is_alpha(b) || b == '_' || b == '.' || b == '-';
                      });
  return dotted ? Verdict::reject() : accept_unless_known(value);
}

Verdict password_assigned(Candidate& c) {
  trim_tail(c);
  const std::string_view value = c.value();
  if (value.size() < 4 || is_none(value) || is_code(value)) return Verdict::reject();
  const Makeup m = makeup(value);
  // A plain name is more often a variable or a type than a password.
  const bool identifier = std::ranges::all_of(
      value, [](char b) { return is_alpha(b) || b == '_' || b == '.' || b == '-'; });
  if (identifier && (value.size() < 8 || m.kinds() > 1)) return Verdict::reject();
  static constexpr std::array<std::string_view, 5> kTypes = {"String", "Array", "Bytes", "Buffer",
                                                             "string"};
  const bool type = std::ranges::all_of(value, is_alnum) &&
                    std::ranges::any_of(kTypes, [value](auto t) { return value.ends_with(t); });
  // Short numbers are codes of errors, messages and key strokes.
  if (type || (value.size() < 6 && std::ranges::all_of(value, is_digit))) return Verdict::reject();
  const bool line_ends = c.end >= c.text.size() || c.text[c.end] == '\n' || c.text[c.end] == '\r';
  if (identifier && (!line_ends || is_password_prose(value))) return Verdict::reject();
  return accept_unless_known(value);
}

Verdict password_in_prose(Candidate& c) {
  trim_tail(c);
  const std::string_view value = c.value();
  if (value.size() < 4 || is_none(value) || is_code(value)) return Verdict::reject();
  const Makeup m = makeup(value);
  const bool mixed =
      (m.digit && m.kinds() > 1) || (m.other && m.kinds() > 2) || (m.digit && value.size() >= 6);
  return mixed ? Verdict::accept() : Verdict::reject();
}

Verdict url_password(Candidate& c) {
  const std::string_view value = c.value();
  if (is_stand_in(value)) return Verdict::reject();
  if (is_common_word(value)) return Verdict::accept({}, Confidence::Low);
  return accept_unless_known(value);
}

/// Between the other parts of a connection string; in code the same is an argument by name.
Verdict connection_password(Candidate& c) {
  trim_tail(c);
  const std::string_view value = c.value();
  if (value.size() < 3 || is_none(value) || is_code(value)) return Verdict::reject();
  return accept_unless_known(value);
}

/// Names of values that are random and no secret stand just before them.
bool is_public_value(const Candidate& c) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"csrf",      "xsrf",         "page_token", "pagetoken",  "page-token", "next_token",
       "nexttoken", "continuation", "sync_token", "synctoken",  "cursor",     "public_key",
       "publickey", "public-key",   "integrity",  "token_type", "tokentype",  "publickeytoken",
       "token_id",  "key_id",       "keyid",      "key-id"});
  constexpr std::size_t kReach = 40;
  const std::size_t from = c.begin > kReach ? c.begin - kReach : 0;
  std::string_view before = c.text.substr(from, c.begin - from);
  before = before.substr(before.find_last_of("\n;,{(&") + 1);
  return std::ranges::any_of(
      kNames, [before](std::string_view name) { return contains_ignoring_case(before, name); });
}

Verdict generic_secret(Candidate& c) {
  const std::string_view value = c.value();
  if (is_none(value) || is_code(value) || reads_like_words(value)) return Verdict::reject();
  const Makeup m = makeup(value);
  if (!m.digit || !(m.lower || m.upper)) return Verdict::reject();
  const bool called = c.end < c.text.size() && (c.text[c.end] == '(' || c.text[c.end] == '[');
  if (called || contains_ignoring_case(value, "abcdefghijklm") || is_public_value(c)) {
    return Verdict::reject();
  }
  return entropy_bits_per_byte(value) >= 3.3 ? Verdict::accept() : Verdict::reject();
}

/// RFC 7617: base64 of "user:password". Also what Docker keeps as "auth".
Verdict basic_credentials(Candidate& c) {
  const auto decoded = decode_base64(c.value());
  if (!decoded || !is_readable_text(*decoded)) return Verdict::reject();
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos || is_stand_in(std::string_view(*decoded).substr(colon + 1))) {
    return Verdict::reject();
  }
  return Verdict::accept({}, Confidence::Certain);
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"basic_credentials", basic_credentials},
    {"connection_password", connection_password},
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
