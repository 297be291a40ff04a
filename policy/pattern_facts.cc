#include "policy/pattern_facts.h"

#include <algorithm>
#include <optional>

#include "policy/text.h"

namespace customhouse::policy {
namespace {

using Bytes = std::bitset<256>;

struct Part {
  PatternFacts facts;
  bool nullable = true;

  static Part empty() {
    Part part;
    part.facts.most_digits = 0;
    return part;
  }
};

std::size_t times(std::size_t count, std::size_t repeat) {
  return count == 0 || repeat == 0 ? 0 : std::min(PatternFacts::kUnbounded, count * repeat);
}

Bytes range(unsigned from, unsigned to) {
  Bytes bytes;
  for (unsigned c = from; c <= to && c < 256; ++c) bytes.set(c);
  return bytes;
}
const Bytes kDigitBytes = range('0', '9');
const Bytes kLetterBytes = range('a', 'z') | range('A', 'Z');

Part one_of(Bytes bytes, bool fold) {
  if (fold) {
    for (unsigned c = 'a'; c <= 'z'; ++c) {
      if (bytes.test(c) || bytes.test(c - 32)) bytes.set(c).set(c - 32);
    }
    // RE2 folds Latin-1 letters byte by byte, too.
    if ((bytes & range(128, 255)).any()) bytes |= range(128, 255);
  }
  Part part;
  part.nullable = false;
  part.facts.first = bytes;
  part.facts.fewest_digits = (bytes & ~kDigitBytes).none() ? 1 : 0;
  part.facts.most_digits = (bytes & kDigitBytes).any() ? 1 : 0;
  part.facts.needs_letter = (bytes & ~kLetterBytes).none();
  part.facts.needs_plus = bytes.count() == 1 && bytes.test('+');
  return part;
}

/// A recursive descent over the syntax that detectors use. `failed_` once something else comes.
class Reader {
 public:
  explicit Reader(std::string_view pattern) : pattern_(pattern) {}

  std::optional<Part> read() {
    Part part = alternatives(0);
    if (failed_ || at_ != pattern_.size()) return std::nullopt;
    return part;
  }

 private:
  static constexpr int kDeepest = 32;

  bool more() const { return at_ < pattern_.size(); }
  bool take(std::string_view text) {
    if (!pattern_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  Part fail() {
    failed_ = true;
    at_ = pattern_.size();
    return Part::empty();
  }

  Part alternatives(int depth) {
    if (depth > kDeepest) return fail();
    Part all = sequence(depth);
    while (take("|")) {
      const Part other = sequence(depth);
      all.nullable = all.nullable || other.nullable;
      all.facts.first |= other.facts.first;
      all.facts.fewest_digits = std::min(all.facts.fewest_digits, other.facts.fewest_digits);
      all.facts.most_digits = std::max(all.facts.most_digits, other.facts.most_digits);
      all.facts.needs_letter = all.facts.needs_letter && other.facts.needs_letter;
      all.facts.needs_plus = all.facts.needs_plus && other.facts.needs_plus;
    }
    return all;
  }

  Part sequence(int depth) {
    Part all = Part::empty();
    while (more() && pattern_[at_] != '|' && pattern_[at_] != ')') {
      const Part next = repeated(atom(depth));
      if (all.nullable) all.facts.first |= next.facts.first;
      all.nullable = all.nullable && next.nullable;
      all.facts.fewest_digits =
          std::min(PatternFacts::kUnbounded, all.facts.fewest_digits + next.facts.fewest_digits);
      all.facts.most_digits =
          std::min(PatternFacts::kUnbounded, all.facts.most_digits + next.facts.most_digits);
      all.facts.needs_letter = all.facts.needs_letter || next.facts.needs_letter;
      all.facts.needs_plus = all.facts.needs_plus || next.facts.needs_plus;
    }
    return all;
  }

  std::size_t number() {
    std::size_t value = 0;
    while (more() && is_digit(pattern_[at_]) && value < 10000) {
      value = value * 10 + static_cast<std::size_t>(pattern_[at_++] - '0');
    }
    return value;
  }

  Part repeated(Part part) {
    std::size_t least = 1, most = 1;
    if (take("*")) {
      least = 0;
      most = PatternFacts::kUnbounded;
    } else if (take("+")) {
      most = PatternFacts::kUnbounded;
    } else if (take("?")) {
      least = 0;
    } else if (more() && pattern_[at_] == '{') {
      ++at_;
      if (!more() || !is_digit(pattern_[at_])) return fail();
      least = most = number();
      if (take(",")) most = more() && is_digit(pattern_[at_]) ? number() : PatternFacts::kUnbounded;
      if (!take("}")) return fail();
    } else {
      return part;
    }
    (void)take("?");  // reluctant
    if (more() && std::string_view("*+?{").contains(pattern_[at_])) return fail();
    part.facts.fewest_digits = times(part.facts.fewest_digits, least);
    part.facts.most_digits = times(part.facts.most_digits, most);
    if (least == 0) {
      part.nullable = true;
      part.facts.needs_letter = part.facts.needs_plus = false;
    }
    return part;
  }

  Part atom(int depth) {
    const char c = pattern_[at_++];
    switch (c) {
      case '(':
        return group(depth);
      case '[':
        return bracket();
      case '\\':
        return escape();
      case '.':
        return one_of(~Bytes{}, false);
      case '^':
      case '$':
        return Part::empty();
      case '*':
      case '+':
      case '?':
      case '{':
        return fail();
      default:
        return one_of(Bytes{}.set(static_cast<unsigned char>(c)), fold_);
    }
  }

  Part group(int depth) {
    const bool outer = fold_;
    if (take("?i)")) {
      fold_ = true;  // until the group that holds it ends
      return Part::empty();
    }
    if (take("?i:")) {
      fold_ = true;
    } else if (!take("?:") && more() && pattern_[at_] == '?') {
      return fail();
    }
    Part part = alternatives(depth + 1);
    fold_ = outer;
    if (!take(")")) return fail();
    return part;
  }

  /// The class of \d, \w, \s; nullopt: another escape.
  static std::optional<Bytes> named_class(char c) {
    const Bytes word = kLetterBytes | kDigitBytes | Bytes{}.set('_');
    const Bytes space = range('\t', '\n') | range('\f', '\r') | Bytes{}.set(' ');
    switch (c) {
      case 'd':
        return kDigitBytes;
      case 'D':
        return ~kDigitBytes;
      case 'w':
        return word;
      case 'W':
        return ~word;
      case 's':
        return space;
      case 'S':
        return ~space;
      default:
        return std::nullopt;
    }
  }
  /// The byte that an escape stands for; nullopt: not understood.
  static std::optional<char> escaped_byte(char c) {
    if (!is_alnum(c)) return c;
    if (c == 'n') return '\n';
    if (c == 'r') return '\r';
    if (c == 't') return '\t';
    return std::nullopt;
  }

  Part escape() {
    if (!more()) return fail();
    const char c = pattern_[at_++];
    if (c == 'b' || c == 'B') return Part::empty();
    if (const auto bytes = named_class(c)) return one_of(*bytes, false);
    const auto byte = escaped_byte(c);
    if (!byte) return fail();
    return one_of(Bytes{}.set(static_cast<unsigned char>(*byte)), fold_);
  }

  Part bracket() {
    Bytes bytes;
    const bool negated = take("^");
    for (bool first = true; more() && (first || pattern_[at_] != ']'); first = false) {
      char from = pattern_[at_++];
      if (from == '[' && more() && pattern_[at_] == ':') return fail();
      if (from == '\\') {
        if (!more()) return fail();
        const char c = pattern_[at_++];
        if (const auto named = named_class(c)) {
          bytes |= *named;
          continue;
        }
        const auto byte = escaped_byte(c);
        if (!byte) return fail();
        from = *byte;
      }
      char to = from;
      if (at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']') {
        ++at_;
        to = pattern_[at_++];
        if (to == '\\') {
          const auto byte = more() ? escaped_byte(pattern_[at_++]) : std::nullopt;
          if (!byte) return fail();
          to = *byte;
        }
      }
      bytes |= range(static_cast<unsigned char>(from), static_cast<unsigned char>(to));
    }
    if (!take("]")) return fail();
    if (!negated) return one_of(bytes, fold_);
    Part folded = one_of(bytes, fold_);
    return one_of(~folded.facts.first, false);
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  bool fold_ = false;
  bool failed_ = false;
};

}  // namespace

PatternFacts pattern_facts(std::string_view pattern) {
  const auto part = Reader(pattern).read();
  PatternFacts anything;
  anything.first.set();
  if (!part || part->nullable) return anything;
  return part->facts;
}

}  // namespace customhouse::policy
