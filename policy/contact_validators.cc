// Addresses of people and machines. Country codes: ITU-T E.164 assigned list; addresses: RFC 5321,
// RFC 4291, RFC 1123.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

Verdict email(Candidate& c) {
  const std::string_view value = c.value();
  const std::size_t at = value.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return Verdict::reject();
  const std::string_view local = value.substr(0, at);
  const std::string_view domain = value.substr(at + 1);
  if (domain.size() > 253 || local.front() == '.' || local.back() == '.') return Verdict::reject();
  if (value.find("..") != std::string_view::npos) return Verdict::reject();
  if (local == "git" && c.end < c.text.size() && c.text[c.end] == ':') return Verdict::reject();
  // name@2x.png and the like are files.
  static constexpr std::array<std::string_view, 12> kFileEndings = {
      "png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts", "mjs", "html", "json"};
  const std::string ending = lowered(domain.substr(domain.rfind('.') + 1));
  if (std::ranges::find(kFileEndings, ending) != kFileEndings.end()) return Verdict::reject();
  return Verdict::accept(lowered(value));
}

/// Length of the country code that `digits` begins with, 0 if none is assigned.
std::size_t country_code_length(std::string_view digits) noexcept {
  if (digits.size() < 3) return 0;
  if (digits[0] == '1' || digits[0] == '7') return 1;
  const int two = (digits[0] - '0') * 10 + (digits[1] - '0');
  static constexpr auto kTwo = std::to_array<int>(
      {20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54,
       55, 56, 57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98});
  if (std::ranges::binary_search(kTwo, two)) return 2;
  const int three = two * 10 + (digits[2] - '0');
  struct Range {
    int first, last;
  };
  static constexpr auto kThree = std::to_array<Range>(
      {{211, 213}, {216, 216}, {218, 218}, {220, 258}, {260, 269}, {290, 291}, {297, 299},
       {350, 359}, {370, 389}, {420, 421}, {423, 423}, {500, 509}, {590, 599}, {670, 692},
       {800, 800}, {808, 808}, {850, 856}, {870, 888}, {960, 979}, {992, 998}});
  const bool found = std::ranges::any_of(
      kThree, [three](const Range& r) { return three >= r.first && three <= r.last; });
  return found ? 3 : 0;
}

bool one_digit_only(std::string_view digits) noexcept {
  return digits.find_first_not_of(digits.front()) == std::string_view::npos;
}

/// Digits of a telephone number without its extension ("x12", "ext. 12").
std::string phone_digits(std::string_view value) {
  return digits_of(value.substr(0, value.find_first_of("xXeE;")));
}

Verdict phone_international(Candidate& c) {
  if (c.begin > 0) {
    const char before = c.text[c.begin - 1];
    if (is_alnum(before) || before == '+' || before == '_') return Verdict::reject();
  }
  if (c.end < c.text.size() && is_alnum(c.text[c.end])) return Verdict::reject();
  // A bracket that was not opened inside belongs to the sentence.
  while (c.end > c.begin + 1 && c.text[c.end - 1] == ')' && !c.value().contains('(')) --c.end;
  std::string digits = phone_digits(c.value());
  if (digits.starts_with("00")) digits.erase(0, 2);
  const std::size_t code = country_code_length(digits);
  if (code == 0 || digits.size() < 8 || digits.size() > 15) return Verdict::reject();
  if (digits[0] == '1' && (digits.size() != 11 || digits[1] < '2')) return Verdict::reject();
  if (one_digit_only(std::string_view(digits).substr(code))) return Verdict::reject();
  // A line of a diff or a signed number also begins with a plus.
  const bool solid = digits.size() + 1 == c.value().size();
  const bool line_begins = c.begin == 0 || c.text[c.begin - 1] == '\n';
  const bool doubtful = solid && line_begins && !c.context && c.text.size() != c.end;
  return Verdict::accept("+" + digits, doubtful ? Confidence::Medium : Confidence::High);
}

bool looks_like_date(std::string_view value) noexcept {
  const auto separator = [&](std::size_t i) {
    return value[i] == '-' || value[i] == '.' || value[i] == '/';
  };
  if (value.size() < 10) return value.size() == 8 && separator(2) && separator(5);
  return (separator(4) && separator(7)) || (separator(2) && separator(5) && value.size() == 10);
}

/// National forms. A number is cut out of a longer one neither before nor after.
bool hangs_on_digits(const Candidate& c) noexcept {
  static constexpr std::string_view kJoiners = "-./";
  const bool before = c.begin >= 2 && is_digit(c.text[c.begin - 2]) &&
                      (kJoiners.contains(c.text[c.begin - 1]) || c.text[c.begin - 1] == ' ');
  const bool after =
      c.end + 1 < c.text.size() && is_digit(c.text[c.end + 1]) && kJoiners.contains(c.text[c.end]);
  return before || after;
}

/// NANP: (NXX) NXX-XXXX and its hyphen and dot forms.
Verdict phone_north_american(Candidate& c) {
  std::string digits = phone_digits(c.value());
  if (digits.size() == 11 && digits[0] == '1') digits.erase(0, 1);
  if (digits.size() != 10 || hangs_on_digits(c) || one_digit_only(digits)) return Verdict::reject();
  const bool assigned = digits[0] >= '2' && digits[3] >= '2';
  return assigned || c.context ? Verdict::accept("+1" + digits) : Verdict::reject();
}

Verdict phone_national(Candidate& c) {
  const std::string digits = phone_digits(c.value());
  if (digits.size() < 7 || digits.size() > 13 || hangs_on_digits(c)) return Verdict::reject();
  if (one_digit_only(digits) || looks_like_date(c.value())) return Verdict::reject();
  return Verdict::accept(digits);
}

/// "01 02 03 04 05": counted, not dialled.
bool counts_up(std::string_view value) noexcept {
  int last = -1, steps = 0, groups = 0;
  for (std::size_t at = 0; at < value.size();) {
    if (!is_digit(value[at])) {
      ++at;
      continue;
    }
    int number = 0;
    while (at < value.size() && is_digit(value[at])) number = number * 10 + (value[at++] - '0');
    steps += groups > 0 && number == last + 1 ? 1 : 0;
    last = number;
    ++groups;
  }
  return groups > 2 && steps == groups - 1;
}

/// "06-07-2024 10": a day and an hour.
bool begins_with_date(std::string_view value) noexcept {
  return value.size() > 10 && looks_like_date(value.substr(0, 10)) &&
         std::ranges::all_of(value.substr(6, 4), is_digit);
}

/// National numbers whose form gives them away: a trunk prefix (0, in Russia 8) and groups.
Verdict phone_with_trunk_prefix(Candidate& c) {
  const std::string_view value = c.value();
  const std::string digits = digits_of(value);
  if (digits.size() < 9 || digits.size() > 12 || hangs_on_digits(c) || one_digit_only(digits)) {
    return Verdict::reject();
  }
  if (looks_like_date(value) || begins_with_date(value) || counts_up(value))
    return Verdict::reject();
  // A call's arguments, a time or money beside it.
  if (c.begin > 0 && value.front() == '(' && is_alnum(c.text[c.begin - 1]))
    return Verdict::reject();
  if (c.end < c.text.size() && (c.text[c.end] == ':' || c.text[c.end] == '%'))
    return Verdict::reject();
  return Verdict::accept(digits);
}

/// Words before four numbers with dots that make them a version: "v1.2.3.4", "Chrome/120.0.0.0".
bool is_version(const Candidate& c) {
  const std::size_t from = c.begin < 16 ? 0 : c.begin - 16;
  const std::string before = lowered(c.text.substr(from, c.begin - from));
  if (before.ends_with("v") || before.ends_with("v.") || before.ends_with("@")) return true;
  if (before.ends_with("/") && before.size() > 1 && is_alpha(before[before.size() - 2]))
    return true;
  // Sections of standards: "[26.5.1.3]".
  if (before.ends_with("[") && c.end < c.text.size() && c.text[c.end] == ']' &&
      c.value().size() <= 10) {
    return true;
  }
  const std::size_t end = before.find_last_not_of(" \t:=\"'");
  if (end == std::string::npos) return false;
  const std::string_view word = std::string_view(before).substr(0, end + 1);
  static constexpr std::array<std::string_view, 8> kWords = {
      "version", "release", "ver", "firmware", "build", "section", "chapter", "clause"};
  return std::ranges::any_of(kWords, [word](std::string_view w) { return word.ends_with(w); });
}

Verdict ipv4(Candidate& c) {
  const std::string value(c.value());
  in_addr address{};
  if (inet_pton(AF_INET, value.c_str(), &address) != 1) return Verdict::reject();
  const std::uint32_t bits = ntohl(address.s_addr);
  const std::uint32_t first = bits >> 24;
  if (first == 127 || first == 0 || bits == 0xFFFFFFFF) return Verdict::reject();
  if ((bits & 0xFF) == 0 && first == 255) return Verdict::reject();  // network masks
  if (c.begin >= 1 && (c.text[c.begin - 1] == '.' || c.text[c.begin - 1] == '-')) {
    return Verdict::reject();
  }
  if (c.end < c.text.size()) {
    const char after = c.text[c.end];
    if (after == '-' ||
        (after == '.' && c.end + 1 < c.text.size() && is_alnum(c.text[c.end + 1]))) {
      return Verdict::reject();
    }
  }
  if (is_version(c)) return Verdict::reject();
  // Networks and what is as likely a version ("2.0.3.5") say nothing of a machine without context.
  const bool small =
      first <= 9 && (bits >> 16 & 0xFF) <= 31 && (bits >> 8 & 0xFF) <= 31 && (bits & 0xFF) <= 31;
  const bool doubtful = (bits & 0xFF) == 0 || (small && !c.context);
  return Verdict::accept(value, doubtful ? std::optional(Confidence::Low) : std::nullopt);
}

Verdict ipv6(Candidate& c) {
  // The pattern takes every hex digit and colon; a sentence's colon may hang on.
  const auto inside = [&](std::size_t at) {
    return at < c.text.size() && (is_alnum(c.text[at]) || c.text[at] == ':' || c.text[at] == '_');
  };
  if ((c.begin > 0 && inside(c.begin - 1)) || inside(c.end)) return Verdict::reject();
  if (c.end - c.begin > 2 && c.text[c.end - 1] == ':' && c.text[c.end - 2] != ':') --c.end;
  const std::string value(c.value());
  in6_addr address{};
  if (value.size() > 45 || inet_pton(AF_INET6, value.c_str(), &address) != 1) {
    return Verdict::reject();
  }
  if (IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_UNSPECIFIED(&address)) return Verdict::reject();
  const bool has_digit = std::ranges::any_of(value, is_digit);
  const auto groups = std::ranges::count(value, ':');
  if (!has_digit || groups < 2 || value.size() < 6) return Verdict::reject();
  std::array<char, INET6_ADDRSTRLEN> plain{};
  inet_ntop(AF_INET6, &address, plain.data(), plain.size());
  return Verdict::accept(plain.data());
}

Verdict mac_address(Candidate& c) {
  const std::string_view value = c.value();
  std::string digits = lowered(alnum_of(value));
  if (digits.size() != 12 || one_digit_only(digits)) return Verdict::reject();
  if (value.size() == 17) {
    for (std::size_t i = 5; i < 17; i += 3) {
      if (value[i] != value[2]) return Verdict::reject();
    }
    const auto joined = [&](std::size_t at) { return c.text[at] == value[2]; };
    if ((c.begin > 0 && joined(c.begin - 1)) ||
        (c.end < c.text.size() && joined(c.end) && c.end + 1 < c.text.size() &&
         hex_value(c.text[c.end + 1]) >= 0)) {
      return Verdict::reject();
    }
  }
  return Verdict::accept(std::move(digits));
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"email", email},
    {"ipv4", ipv4},
    {"ipv6", ipv6},
    {"mac_address", mac_address},
    {"phone_international", phone_international},
    {"phone_national", phone_national},
    {"phone_north_american", phone_north_american},
    {"phone_with_trunk_prefix", phone_with_trunk_prefix},
});

}  // namespace

std::span<const NamedValidator> contact_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
