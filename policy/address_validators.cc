// Postal addresses. A pattern finds an anchor (a flat number, a street word, "lives at"); from
// there the words round it are read one by one as long as they look like parts of an address.
// Street words and their place before or after the name: the Universal Postal Union's addressing
// guides.
#include <algorithm>
#include <array>
#include <vector>

#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

constexpr std::size_t kMostPieces = 14;      // words read to one side of an anchor
constexpr std::size_t kLongestPiece = 40;    // bytes; longer words are no part of an address
constexpr std::size_t kMostSeparators = 12;  // bytes between two words: ",\n> > "

enum class Kind : std::uint8_t { Number, PostalPart, Capital, Particle, Lower, Unit, Stop };

struct Piece {
  Kind kind = Kind::Stop;
  std::size_t begin = 0, end = 0;
  bool comma = false;       // stands between this piece and the one nearer to the anchor
  bool line_break = false;  // likewise
};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& sorted, std::string_view word) noexcept {
  return std::ranges::binary_search(sorted, word);
}

constexpr auto kParticles = std::to_array<std::string_view>(
    {"al",  "am",  "an",  "bei", "d",   "da",  "das", "de", "degli", "dei", "del", "della", "delle",
     "den", "der", "des", "di",  "do",  "dos", "du",  "e",  "el",    "et",  "het", "i",     "im",
     "l",   "la",  "las", "le",  "les", "lo",  "los", "na", "nad",   "och", "og",  "pod",   "pri",
     "ten", "ter", "u",   "van", "von", "y",   "z",   "zu", "zum",   "zur"});
/// Words that end an address backwards, whatever their case.
constexpr auto kStops = std::to_array<std::string_view>(
    {"about",    "address", "after",    "age",       "all",     "an",        "and",
     "any",      "appelez", "apr",      "april",     "are",     "as",        "at",
     "aug",      "august",  "be",       "been",      "bel",     "between",   "born",
     "box",      "but",     "by",       "call",      "card",    "cell",      "cellulare",
     "celular",  "chapter", "contact",  "contacto",  "date",    "dec",       "december",
     "dob",      "email",   "every",    "fax",       "feb",     "february",  "figure",
     "for",      "from",    "handy",    "has",       "have",    "her",       "his",
     "http",     "https",   "i",        "iban",      "if",      "in",        "is",
     "it",       "its",     "jan",      "january",   "jul",     "july",      "jun",
     "june",     "mail",    "mar",      "march",     "may",     "mob",       "mobil",
     "mobile",   "my",      "móvil",    "near",      "nov",     "november",  "oct",
     "october",  "of",      "on",       "or",        "our",     "over",      "page",
     "ph",       "phone",   "please",   "section",   "sep",     "september", "sms",
     "ssn",      "step",    "table",    "tel",       "telefon", "telefone",  "telefono",
     "teléfono", "than",    "that",     "the",       "their",   "then",      "there",
     "this",     "to",      "tél",      "téléphone", "version", "was",       "we",
     "website",  "were",    "whatsapp", "when",      "where",   "which",     "will",
     "with",     "www",     "you",      "your"});
constexpr auto kUnits = std::to_array<std::string_view>(
    {"apartment", "apt", "flat", "floor", "lgh", "piso", "ste", "suite", "unit"});
/// A number after one of these is no house number and no postcode.
constexpr auto kNumbered = std::to_array<std::string_view>(
    {"act",    "annex",  "ansi",   "apollo",  "appendix", "article", "bug",     "build",  "chapter",
     "chrome", "clause", "covid",  "day",     "din",      "episode", "error",   "figure", "flight",
     "form",   "gate",   "grade",  "group",   "iec",      "ieee",    "iso",     "item",   "java",
     "level",  "line",   "model",  "no",      "node",     "number",  "office",  "order",  "page",
     "part",   "pep",    "phase",  "pm",      "port",     "python",  "release", "rfc",    "room",
     "route",  "rule",   "season", "section", "series",   "slide",   "step",    "table",  "ticket",
     "title",  "type",   "unit",   "version", "volume",   "week",    "windows", "year"});
static_assert(std::ranges::is_sorted(kNumbered) && std::ranges::is_sorted(kParticles) &&
              std::ranges::is_sorted(kStops) && std::ranges::is_sorted(kUnits));

bool is_letter(char c) noexcept {
  return is_alpha(c) || !is_ascii(c);
}
bool is_word_byte(char c) noexcept {
  return is_letter(c) || is_digit(c);
}

/// Typographic quotes, dashes, CJK punctuation: three bytes that are no letters.
bool holds_punctuation(std::string_view word) noexcept {
  return word.contains("\xE2\x80") || word.contains("\xE3\x80") || word.contains("\xEF\xBC") ||
         word.contains("\xC2");
}

Kind kind_of(std::string_view word) {
  if (word.empty() || word.size() > kLongestPiece || holds_punctuation(word)) return Kind::Stop;
  const auto digits = static_cast<std::size_t>(std::ranges::count_if(word, is_digit));
  if (digits > 0) {
    const std::size_t letters = word.size() - digits;
    if (digits <= 6 && letters <= 1 && is_digit(word.front())) return Kind::Number;
    const bool plain = std::ranges::all_of(word, [](char c) { return is_upper(c) || is_digit(c); });
    return plain && word.size() <= 4 ? Kind::PostalPart : Kind::Stop;
  }
  const std::string lower = lowered(word);
  if (is_one_of(kUnits, lower)) return Kind::Unit;
  if (is_one_of(kParticles, word)) return Kind::Particle;
  if (is_one_of(kStops, lower)) return Kind::Stop;
  return is_lower(word.front()) ? Kind::Lower : Kind::Capital;
}

/// What may stand between two parts of an address. false: the address ends here.
bool separates(std::string_view between, std::string_view word_before, Piece& piece) noexcept {
  if (between.empty() || between.size() > kMostSeparators) return false;
  int breaks = 0;
  for (const char c : between) {
    if (c == '.') {
      const bool abbreviation = word_before.size() <= 4 || is_digit(word_before.back());
      if (!abbreviation) return false;
    } else if (c == '\n') {
      ++breaks;
    } else if (c == ',') {
      piece.comma = true;
    } else if (c == '>' || c == '?') {
      if (breaks == 0) return false;  // quoting stands at the beginning of a line
    } else if (c != ' ' && c != '\r' && c != '-' && c != '/' && c != '\'' && c != '(' && c != ')') {
      return false;
    }
  }
  piece.line_break = breaks > 0;
  return breaks <= 1;
}

std::vector<Piece> pieces_before(std::string_view text, std::size_t at) {
  std::vector<Piece> pieces;
  std::size_t nearer = at;
  while (pieces.size() < kMostPieces && nearer > 0) {
    Piece piece;
    std::size_t end = nearer;
    while (end > 0 && nearer - end <= kMostSeparators && !is_word_byte(text[end - 1])) --end;
    std::size_t begin = end;
    while (begin > 0 && end - begin <= kLongestPiece && is_word_byte(text[begin - 1])) --begin;
    const std::string_view word = text.substr(begin, end - begin);
    if (!separates(text.substr(end, nearer - end), word, piece)) break;
    piece.kind = kind_of(word);
    if (piece.kind == Kind::Stop) break;
    piece.begin = begin;
    piece.end = end;
    pieces.push_back(piece);
    nearer = begin;
  }
  return pieces;
}

std::vector<Piece> pieces_after(std::string_view text, std::size_t at) {
  std::vector<Piece> pieces;
  std::size_t nearer = at;
  while (pieces.size() < kMostPieces && nearer < text.size()) {
    Piece piece;
    std::size_t begin = nearer;
    while (begin < text.size() && begin - nearer <= kMostSeparators && !is_word_byte(text[begin]))
      ++begin;
    std::size_t end = begin;
    while (end < text.size() && end - begin <= kLongestPiece && is_word_byte(text[end])) ++end;
    std::size_t before = nearer;
    while (before > 0 && nearer - before < 5 && is_word_byte(text[before - 1])) --before;
    if (begin != nearer && !separates(text.substr(nearer, begin - nearer),
                                      text.substr(before, nearer - before), piece))
      break;
    piece.kind = kind_of(text.substr(begin, end - begin));
    if (piece.kind == Kind::Stop) break;
    piece.begin = begin;
    piece.end = end;
    pieces.push_back(piece);
    nearer = end;
  }
  return pieces;
}

std::size_t digits_in(const Piece& piece, std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(text.substr(piece.begin, piece.end - piece.begin), is_digit));
}

/// What was read to one side.
struct Reach {
  std::size_t edge = 0;  // begin (backwards) or end (forwards) of the address on this side
  int names = 0;         // words with a capital, within the edge
  int words = 0;         // any words within the edge
  int numbers = 0;
  bool number_at_anchor = false;
  bool postcode = false;
};

/// House number and street name before an anchor: "31 Seneca | Place", "Holmatun 45 | Suite 7".
Reach read_before(std::string_view text, std::size_t at, bool over_a_line) {
  Reach reach;
  reach.edge = at;
  int lower = 0, names = 0, words = 0;
  for (const Piece& piece : pieces_before(text, at)) {
    const bool complete = reach.numbers > 0 && reach.words > 0;
    if (piece.line_break && (!over_a_line || reach.words + reach.numbers > 0)) break;
    if (piece.comma && (complete || reach.words > 2)) break;
    if (piece.kind == Kind::Number) {
      reach.number_at_anchor = reach.number_at_anchor || (words == 0 && reach.numbers == 0);
      ++reach.numbers;
      reach.edge = piece.begin;
      reach.names = names;
      reach.words = words;
      lower = 0;
      if (reach.numbers >= 3) break;
      continue;
    }
    if (piece.kind == Kind::Unit || piece.kind == Kind::PostalPart) break;
    if (complete && !(reach.number_at_anchor && reach.numbers == 1)) break;
    ++words;
    if (words > 6) break;
    if (piece.kind == Kind::Capital) {
      ++names;
      reach.edge = piece.begin;
      reach.names = names;
      reach.words = words;
    } else if (piece.kind == Kind::Lower && ++lower > 4) {
      break;
    }
  }
  return reach;
}

/// Street name, house number, flat, town, region, country and postcode after an anchor.
Reach read_after(std::string_view text, std::size_t at, bool street) {
  Reach reach;
  reach.edge = at;
  int lower = 0, names = 0, words = 0, lines = 0;
  std::size_t since_number = 0, last_digits = 0;
  bool unit = false, town_began = false;
  std::size_t towns = 0;  // words of the town, where it stands behind its postcode
  for (const Piece& piece : pieces_after(text, at)) {
    lines += piece.line_break ? 1 : 0;
    if (reach.postcode && piece.kind == Kind::Capital && !piece.comma && !piece.line_break &&
        since_number == towns && ++towns <= 3) {
      ++since_number;
      reach.edge = piece.end;
      continue;
    }
    if (lines > 4) break;
    town_began = town_began || (piece.comma && piece.kind == Kind::Capital);
    switch (piece.kind) {
      case Kind::Number: {
        const std::size_t digits = digits_in(piece, text);
        const bool house = street && reach.numbers == 0 && lines == 0 && !town_began;
        const bool postcode = digits >= 3 && (words > 0 || lines > 0);
        if (!unit && !house && !postcode && reach.numbers > 1) return reach;
        if (lines > 0 && !unit && digits < 4) return reach;
        reach.number_at_anchor = reach.number_at_anchor || words == 0;
        // "111 22 Stockholm", "1234-567", "01304-001"
        const bool halves = (last_digits == 3 && digits == 2) || (last_digits >= 4 && digits == 3);
        reach.postcode = reach.postcode || (digits >= 4 && !house && !unit) || halves;
        last_digits = digits;
        towns = 0;
        ++reach.numbers;
        since_number = 0;
        unit = false;
        break;
      }
      case Kind::PostalPart:
        reach.postcode = true;
        break;
      case Kind::Unit:
        unit = true;
        continue;
      case Kind::Capital:
        ++names;
        ++words;
        if (++since_number > 6) return reach;
        if (!street || reach.numbers > 0) continue;
        break;
      case Kind::Particle:
        continue;
      default:
        ++words;
        if (++lower > 4 || ++since_number > 5) return reach;
        continue;
    }
    reach.edge = piece.end;
    reach.names = names;
    reach.words = words;
    if (reach.postcode && lines > 2) return reach;
  }
  return reach;
}

std::string flattened(std::string_view value) {
  std::string plain;
  for (const char c : value) {
    if (is_word_byte(c))
      plain.push_back(to_lower(c));
    else if (!plain.empty() && plain.back() != ' ')
      plain.push_back(' ');
  }
  return plain;
}

/// The Free Software Foundation's, in the head of every file under its licences.
bool stands_in_licences(std::string_view value) noexcept {
  static constexpr auto kPublished = std::to_array<std::string_view>(
      {"51 franklin st", "59 temple pl", "675 mass ave", "31 milk st", "franklin street, fifth"});
  return std::ranges::any_of(
      kPublished, [value](std::string_view known) { return contains_ignoring_case(value, known); });
}

Verdict take(Candidate& c, std::size_t begin, std::size_t end, Confidence confidence) {
  if (stands_in_licences(c.text.substr(begin, end - begin))) return Verdict::reject();
  c.begin = begin;
  c.end = end;
  return Verdict::accept(flattened(c.value()), confidence);
}

/// Anchor: "Apt. 12", "Suite 400". Needs a street line before it.
Verdict address_unit(Candidate& c) {
  const Reach before = read_before(c.text, c.begin, true);
  const Reach after = read_after(c.text, c.end, false);
  const bool street = before.numbers > 0 && before.words > 0;
  if (!street && !(before.names > 0 && after.postcode)) return Verdict::reject();
  return take(c, before.edge, after.postcode ? after.edge : c.end, Confidence::High);
}

/// Anchor: a street word that follows the name ("Street", "Road", "utca").
Verdict address_street_after_name(Candidate& c) {
  const Reach before = read_before(c.text, c.begin, false);
  const Reach after = read_after(c.text, c.end, true);
  if (before.names == 0 && !(c.context && before.words > 0)) return Verdict::reject();
  // "Dr. Weber" and "St. Peter" are no streets.
  const bool short_word = c.end - c.begin <= 3;
  if (before.numbers == 0 && short_word && after.names > 0 && !after.number_at_anchor) {
    return Verdict::reject();
  }
  const bool number_after = after.number_at_anchor && after.numbers > 0;
  const std::size_t end = number_after || after.postcode ? after.edge : c.end;
  if (before.numbers > 0) return take(c, before.edge, end, Confidence::Medium);
  return take(c, before.edge, end,
              (number_after && c.context) || after.postcode ? Confidence::Medium : Confidence::Low);
}

/// Anchor: a street word before the name ("rue", "via", "calle", "ul.").
Verdict address_street_before_name(Candidate& c) {
  const Reach before = read_before(c.text, c.begin, false);
  const Reach after = read_after(c.text, c.end, true);
  const bool number_before = before.numbers > 0 && before.number_at_anchor;
  if (after.numbers > 0 && after.words > 0) {
    if (after.names == 0 && !c.context && !number_before) return Verdict::reject();
    return take(c, number_before ? before.edge : c.begin, after.edge, Confidence::Medium);
  }
  if (!number_before || after.words == 0) return Verdict::reject();
  return take(c, before.edge, std::max(c.end, after.edge), Confidence::Medium);
}

/// Anchor: a street name and number in themselves ("Hauptstraße 5"); a postcode and town may
/// follow.
Verdict address_street_and_number(Candidate& c) {
  const Reach before = read_before(c.text, c.begin, false);
  const Reach after = read_after(c.text, c.end, false);
  const bool number = before.number_at_anchor && before.numbers > 0;
  return take(c, number ? before.edge : c.begin, after.postcode ? after.edge : c.end,
              Confidence::Medium);
}

/// Anchor: what follows "lives at", "address:" and the like.
Verdict address_in_context(Candidate& c) {
  const std::size_t begin = c.begin;
  const auto pieces = pieces_after(c.text, begin);
  if (pieces.empty() || pieces.front().begin != begin) return Verdict::reject();
  int numbers = 0, names = 0, lower = 0;
  std::size_t edge = begin, read = 0;
  std::string last;
  for (const Piece& piece : pieces) {
    if (piece.line_break || ++read > 7) break;
    if (piece.kind == Kind::Lower && ++lower > 3) break;
    names += piece.kind == Kind::Capital ? 1 : 0;
    if (piece.kind != Kind::Number) {
      last = lowered(c.text.substr(piece.begin, piece.end - piece.begin));
      continue;
    }
    if (is_one_of(kNumbered, last)) return Verdict::reject();
    ++numbers;
    edge = piece.end;
  }
  const bool first_is_number = pieces.front().kind == Kind::Number;
  const bool enough = numbers >= 2 ? names + lower > 0 : numbers == 1 && names > 0;
  if (!enough) return Verdict::reject();
  if (numbers == 1 && first_is_number) {
    edge = begin;
    for (const Piece& piece : pieces) {
      if (piece.comma || piece.line_break || piece.kind == Kind::Lower) break;
      edge = piece.end;
    }
    if (edge == begin) return Verdict::reject();
  }
  const Reach tail = read_after(c.text, edge, false);
  return take(c, begin, tail.postcode ? tail.edge : edge, Confidence::Medium);
}

/// Anchor: "641 Dašická 688" or the like; needs context, or a postcode on one of the next lines.
Verdict address_block(Candidate& c) {
  const Reach after = read_after(c.text, c.end, false);
  const std::string_view head = c.text.substr(0, c.begin);
  const std::size_t start = head.find_last_not_of(" >?\t");
  const bool line_begins = start == std::string_view::npos || head[start] == '\n';
  for (const Piece& piece : pieces_after(c.text, c.begin)) {
    if (piece.begin >= c.end) break;
    if (piece.kind == Kind::Stop) return Verdict::reject();
  }
  const auto read = pieces_after(c.text, c.begin);
  if (read.empty() || read.back().end < c.end) return Verdict::reject();
  if (!(line_begins && after.postcode) && !c.context) return Verdict::reject();
  return take(c, c.begin, after.postcode ? after.edge : c.end, Confidence::Medium);
}

/// "in København K", "from Quinta de São Tiago": up to four words with capitals after a
/// preposition.
bool follows_place_word(std::string_view text, const std::vector<Piece>& before) {
  std::size_t names = 0, begin = 0;
  for (const Piece& piece : before) {
    if (piece.comma || piece.line_break) break;
    if (piece.kind == Kind::Capital) {
      ++names;
    } else if (piece.kind != Kind::Particle) {
      break;
    }
    begin = piece.begin;
  }
  if (names == 0 || names > 4) return false;
  const std::string head = lowered(
      text.substr(begin - std::min<std::size_t>(begin, 6), std::min<std::size_t>(begin, 6)));
  return std::ranges::any_of(
      std::to_array<std::string_view>({" in ", " from ", " at ", " near ", " to "}),
      [&](std::string_view word) { return head.ends_with(word) || head == word.substr(1); });
}

/// A postcode after a town: no year, and no number that a word before it explains.
Verdict postcode_after_town(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() == 4 && (digits[0] == '1' || digits[0] == '2') && c.value().size() == 4) {
    const int year = (digits[0] - '0') * 10 + (digits[1] - '0');
    if (year == 19 || year == 20) return Verdict::reject();
  }
  const auto before = pieces_before(c.text, c.begin);
  if (before.empty() || !follows_place_word(c.text, before)) return Verdict::reject();
  const Piece& town = before.front();
  const std::string word = lowered(c.text.substr(town.begin, town.end - town.begin));
  if ((word.size() < 2 && before.size() < 2) || is_one_of(kNumbered, word))
    return Verdict::reject();
  return Verdict::accept(digits);
}

/// State and ZIP, unless they are those of a licence's publisher.
Verdict postcode_us(Candidate& c) {
  const std::string digits = digits_of(c.value());
  const std::size_t from = c.begin - std::min<std::size_t>(c.begin, 80);
  const std::string_view near = c.text.substr(from, c.end - from);
  if (stands_in_licences(near) || contains_ignoring_case(near, "free software")) {
    return Verdict::reject();
  }
  return Verdict::accept(digits);
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"address_block", address_block},
    {"address_in_context", address_in_context},
    {"address_street_after_name", address_street_after_name},
    {"address_street_and_number", address_street_and_number},
    {"address_street_before_name", address_street_before_name},
    {"address_unit", address_unit},
    {"postcode_after_town", postcode_after_town},
    {"postcode_us", postcode_us},
});

}  // namespace

std::span<const NamedValidator> address_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
