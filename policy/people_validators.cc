// People by the words round them: names, ages, accounts, and the numbers by which others know them.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& sorted, std::string_view word) noexcept {
  return std::ranges::binary_search(sorted, word);
}

/// Words with a capital that stand where names do, and are none.
constexpr auto kNoNames = std::to_array<std::string_view>(
    {"a",       "account",   "admin",      "all",       "also",       "an",        "and",
     "any",     "api",       "applicant",  "are",       "as",         "assistant", "available",
     "best",    "board",     "bot",        "but",       "chatgpt",    "class",     "claude",
     "client",  "colleague", "colleagues", "committee", "community",  "company",   "contact",
     "copilot", "customer",  "customers",  "data",      "default",    "developer", "developers",
     "doctor",  "editor",    "employee",   "empty",     "everybody",  "everyone",  "false",
     "folks",   "for",       "friend",     "friends",   "from",       "gemini",    "god",
     "guest",   "guys",      "he",         "here",      "hiring",     "how",       "i",
     "if",      "in",        "is",         "it",        "ladies",     "let",       "lord",
     "madam",   "manager",   "me",         "member",    "members",    "missing",   "my",
     "n/a",     "name",      "no",         "none",      "not",        "null",      "of",
     "on",      "or",        "our",        "patient",   "please",     "professor", "reader",
     "readers", "recruiter", "required",   "same",      "send",       "she",       "sir",
     "sirs",    "so",        "string",     "student",   "subscriber", "support",   "system",
     "team",    "test",      "thank",      "thanks",    "that",       "the",       "there",
     "they",    "this",      "to",         "true",      "undefined",  "unknown",   "user",
     "users",   "valued",    "we",         "what",      "world",      "yes",       "you",
     "your"});
static_assert(std::ranges::is_sorted(kNoNames));

std::string_view first_word(std::string_view value) noexcept {
  return value.substr(0, value.find_first_of(" \t\n.,"));
}

Verdict person_name(Candidate& c) {
  // A word may have been cut after an abbreviation's point or a possessive.
  while (c.end > c.begin + 1 && (c.text[c.end - 1] == '.' || c.text[c.end - 1] == '-' ||
                                 c.text[c.end - 1] == '\'' || c.text[c.end - 1] == ' ')) {
    --c.end;
  }
  if (c.value().ends_with("'s")) c.end -= 2;
  const std::string_view value = c.value();
  const std::string first = lowered(first_word(value));
  if (value.size() < 2 || is_one_of(kNoNames, first)) return Verdict::reject();
  // fooBar, FooBar, FOO_BAR and readme.txt are names of things.
  if (c.end < c.text.size() &&
      (c.text[c.end] == '_' || c.text[c.end] == '(' || is_digit(c.text[c.end])))
    return Verdict::reject();
  if (c.end + 1 < c.text.size() && c.text[c.end] == '.' && is_alnum(c.text[c.end + 1]) &&
      is_lower(c.text[c.end + 1])) {
    return Verdict::reject();
  }
  for (std::size_t i = c.begin + 1; i < c.end; ++i) {
    if (is_upper(c.text[i]) && is_lower(c.text[i - 1]) && i - c.begin > 2 &&
        !value.starts_with("Mac"))
      return Verdict::reject();
  }
  // "-- Prof. Somebody": the author of a quotation.
  const std::string_view head = c.text.substr(0, c.begin);
  const std::size_t line = head.rfind('\n') + 1;
  const std::size_t start = std::min(head.find_first_not_of(" \t", line), head.size());
  const bool quoted =
      head.substr(start).starts_with("-- ") || head.substr(start).starts_with("\u2014 ");
  return Verdict::accept(lowered(value), quoted ? std::optional(Confidence::Low) : std::nullopt);
}

int number_in(std::string_view value) noexcept {
  const std::size_t from = value.find_first_of("0123456789");
  int number = -1;
  if (from != std::string_view::npos) {
    std::from_chars(value.data() + from, value.data() + value.size(), number);
  }
  return number;
}

Verdict age(Candidate& c) {
  const int years = number_in(c.value());
  if (years < 1 || years > 119) return Verdict::reject();
  if (c.begin > 0 &&
      (c.text[c.begin - 1] == '.' || c.text[c.begin - 1] == ',' || is_digit(c.text[c.begin - 1]))) {
    return Verdict::reject();
  }
  return Verdict::accept(std::to_string(years));
}

/// "he was 78", "turned 35": a bare number, so what follows it must not make it anything else.
Verdict age_in_context(Candidate& c) {
  const int years = number_in(c.value());
  if (years < 1 || years > 119) return Verdict::reject();
  std::size_t at = c.end;
  if (at < c.text.size() && (c.text[at] == '.' || c.text[at] == ',') && at + 1 < c.text.size() &&
      is_digit(c.text[at + 1])) {
    return Verdict::reject();
  }
  const std::string_view rest = c.text.substr(at, std::min<std::size_t>(c.text.size() - at, 16));
  if (rest.empty()) return Verdict::accept(std::to_string(years));
  static constexpr std::string_view kEnds = ".,;!?)\"'\n\r}]";
  if (kEnds.contains(rest.front())) return Verdict::accept(std::to_string(years));
  if (rest.front() != ' ') return Verdict::reject();
  const std::string word = lowered(first_word(rest.substr(1)));
  static constexpr auto kFollowers = std::to_array<std::string_view>(
      {"and",  "as",     "at",   "but", "from", "he",   "i",     "in",
       "last", "living", "now",  "of",  "on",   "or",   "she",   "so",
       "this", "today",  "when", "who", "with", "year", "years", "yrs"});
  static_assert(std::ranges::is_sorted(kFollowers));
  return is_one_of(kFollowers, word) ? Verdict::accept(std::to_string(years)) : Verdict::reject();
}

/// Values that programs write where accounts stand: types, placeholders, variables.
Verdict username(Candidate& c) {
  while (c.end > c.begin + 1 && (c.text[c.end - 1] == '.' || c.text[c.end - 1] == '-')) --c.end;
  const std::string value = lowered(c.value());
  static constexpr auto kNoAccounts = std::to_array<std::string_view>(
      {"admin",    "and",      "any",     "bool",     "char",      "const",   "default",
       "false",    "foo",      "for",     "function", "get",       "getpass", "guest",
       "int",      "integer",  "invalid", "is",       "let",       "login",   "name",
       "new",      "nil",      "nobody",  "none",     "not",       "null",    "number",
       "object",   "optional", "or",      "os",       "password",  "process", "required",
       "root",     "self",     "set",     "str",      "string",    "test",    "text",
       "that",     "the",      "this",    "true",     "undefined", "user",    "user_name",
       "username", "value",    "var",     "varchar",  "void",      "with",    "your_username"});
  static_assert(std::ranges::is_sorted(kNoAccounts));
  if (value.size() < 3 || is_one_of(kNoAccounts, value)) return Verdict::reject();
  if (c.end < c.text.size() &&
      (c.text[c.end] == '(' || c.text[c.end] == '[' || c.text[c.end] == '$'))
    return Verdict::reject();
  const bool handle = value.front() == '@';
  const bool digit = std::ranges::any_of(value, is_digit);
  return Verdict::accept(value, handle || digit ? Confidence::Medium : Confidence::Low);
}

/// A number by which an office knows somebody: three digits at least, written as one token.
Verdict reference_number(Candidate& c) {
  // The pattern takes further groups; lower-case words after the number are no part of it.
  const std::string_view value = c.value();
  std::size_t end = 0;
  for (std::size_t at = 0; at < value.size();) {
    std::size_t to = std::min(value.find_first_of(" /_-", at), value.size());
    const std::string_view part = value.substr(at, to - at);
    const bool digits = std::ranges::any_of(part, is_digit);
    const bool upper = std::ranges::none_of(part, is_lower);
    const bool by_space = at > 0 && value[at - 1] == ' ';
    if (!upper || (by_space && !std::ranges::all_of(part, is_digit))) {
      if (!digits || !upper) break;
    }
    if (by_space && !digits) break;
    end = to;
    at = to + 1;
  }
  if (end == 0) return Verdict::reject();
  c.end = c.begin + end;
  const std::string kept = alnum_of(c.value());
  const auto digits = std::ranges::count_if(kept, is_digit);
  if (kept.size() < 4 || digits < 3 || digits * 3 < static_cast<long>(kept.size())) {
    return Verdict::reject();
  }
  // A word cut in the middle, a decimal number, a version.
  if (c.end < c.text.size() && (is_alnum(c.text[c.end]) || c.text[c.end] == '_'))
    return Verdict::reject();
  if (c.end + 1 < c.text.size() && c.text[c.end] == '.' && is_digit(c.text[c.end + 1])) {
    return Verdict::reject();
  }
  return Verdict::accept(lowered(kept));
}

/// A page of somebody's own: not a site's own pages, not an example.
Verdict personal_url(Candidate& c) {
  static constexpr std::string_view kTail = ".,;:!?)]}'\"";
  while (c.end > c.begin + 8 && kTail.contains(c.text[c.end - 1])) --c.end;
  const std::string value = lowered(c.value());
  static constexpr auto kSitePages = std::to_array<std::string_view>(
      {"/about",  "/company/", "/explore", "/feed",   "/hashtag/", "/help",    "/home",
       "/intent", "/jobs",     "/legal",   "/login",  "/p/",       "/privacy", "/reel/",
       "/search", "/settings", "/share",   "/sharer", "/signup",   "/terms",   "/tos"});
  const std::size_t path =
      value.find('/', value.find("://") == std::string::npos ? 0 : value.find("://") + 3);
  if (path != std::string::npos) {
    const std::string_view rest = std::string_view(value).substr(path);
    if (std::ranges::any_of(kSitePages, [&](std::string_view p) { return rest.starts_with(p); })) {
      return Verdict::reject();
    }
  }
  return Verdict::accept(value);
}

/// Two numbers in the range of a latitude and a longitude (degrees).
Verdict gps_coordinates(Candidate& c) {
  const std::string value(c.value());
  char* end = nullptr;
  const double latitude = std::strtod(value.c_str(), &end);
  const std::size_t next =
      value.find_first_of("+-0123456789", static_cast<std::size_t>(end - value.c_str()));
  if (next == std::string::npos) return Verdict::reject();
  const double longitude = std::strtod(value.c_str() + next, nullptr);
  if (latitude < -90 || latitude > 90 || longitude < -180 || longitude > 180)
    return Verdict::reject();
  if (c.begin > 0 && (is_digit(c.text[c.begin - 1]) || c.text[c.begin - 1] == '.'))
    return Verdict::reject();
  const bool marked = value.contains("\xC2") || value.find_first_of("NS") != std::string::npos;
  return marked ? Verdict::accept(value, Confidence::High) : Verdict::accept(value);
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"age", age},
    {"age_in_context", age_in_context},
    {"gps_coordinates", gps_coordinates},
    {"person_name", person_name},
    {"personal_url", personal_url},
    {"reference_number", reference_number},
    {"username", username},
});

}  // namespace

std::span<const NamedValidator> people_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
