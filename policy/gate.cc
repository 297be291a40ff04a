#include "policy/gate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "policy/text.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace customhouse::policy {
namespace {

constexpr std::size_t kShortestToken = 16;  // what is looked at as possibly encoded

enum ByteClass : std::uint8_t {
  kDigit = 1,
  kJoint = 2,  // ':' or '-'
  kAt = 4,
  kEscape = 8,
  kNonAscii = 16,
};

constexpr auto kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  classes[':'] = classes['-'] = kJoint;
  classes['@'] = kAt;
  classes['%'] = classes['&'] = classes['\\'] = kEscape;
  for (std::size_t c = 128; c < 256; ++c) classes[c] = kNonAscii;
  return classes;
}();

constexpr auto kTokenBytes = [] {
  std::array<bool, 256> token{};
  for (std::size_t c = 0; c < 128; ++c) {
    const char byte = static_cast<char>(c);
    token[c] = is_alnum(byte) || byte == '+' || byte == '/' || byte == '-' || byte == '_';
  }
  return token;
}();

bool is_token_byte(char c) noexcept {
  return kTokenBytes[static_cast<unsigned char>(c)];
}

/// Sixteen bytes at a time: where those stand that something must be done about, and where
/// characters of tokens. SSE2 is part of x86-64; elsewhere compilers make of the loop what they
/// can.
struct Chunk {
  std::uint32_t marked = 0;
  std::uint32_t token = 0;
};
constexpr std::size_t kChunk = 16;

Chunk classify(const char* bytes, std::size_t count) noexcept {
  Chunk chunk;
  for (std::size_t i = 0; i < count; ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    chunk.marked |= (kClasses[c] != 0 ? 1U : 0U) << i;
    chunk.token |= (kTokenBytes[c] ? 1U : 0U) << i;
  }
  return chunk;
}

#ifdef __SSE2__
Chunk classify_chunk(const char* bytes) noexcept {
  const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const auto is = [v](char c) { return _mm_cmpeq_epi8(v, _mm_set1_epi8(c)); };
  const auto either = [](__m128i a, __m128i b) { return _mm_or_si128(a, b); };
  // x - low <= span, unsigned.
  const auto between = [](__m128i x, char low, char span) {
    const __m128i shifted = _mm_sub_epi8(x, _mm_set1_epi8(low));
    return _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(span)), shifted);
  };
  const __m128i digit = between(v, '0', 9);
  const __m128i letter = between(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 25);
  const __m128i hyphen = is('-');
  const __m128i marked = either(either(either(digit, hyphen), either(is(':'), is('@'))),
                                either(either(is('%'), is('&')), either(is('\\'), v)));
  const __m128i token =
      either(either(either(digit, letter), hyphen), either(either(is('+'), is('/')), is('_')));
  return {static_cast<std::uint32_t>(_mm_movemask_epi8(marked)),
          static_cast<std::uint32_t>(_mm_movemask_epi8(token))};
}
#else
Chunk classify_chunk(const char* bytes) noexcept {
  return classify(bytes, kChunk);
}
#endif

class Gate {
 public:
  Gate(const RuleSet::Implementation& rules, std::string_view text,
       std::vector<DetectorWindow> known)
      : rules_(rules), text_(text) {
    result_.windows = std::move(known);
    result_.context.start(rules.context, text);
  }

  GateResult pass(std::span<const Window> ranges) {
    for (const Window& range : ranges) {
      const std::string_view part = text_.substr(range.begin, range.end - range.begin);
      rules_.keywords.for_each(part, [&](std::size_t begin, std::size_t end, std::uint32_t id) {
        for (const std::uint32_t detector : rules_.keyword_detectors[id]) {
          wake(detector, range.begin + begin, range.begin + end);
        }
        return true;
      });
      pass_bytes(range);
    }
    merge(result_.windows);
    return std::move(result_);
  }

 private:
  void wake(std::uint32_t detector, std::size_t begin, std::size_t end) {
    const Detector& d = rules_.detectors[detector];
    const std::size_t from = begin > d.before ? begin - d.before : 0;
    const std::size_t to = std::min(text_.size(), end + d.after);
    auto& windows = result_.windows;
    if (newest_.empty()) newest_.resize(rules_.detectors.size());
    std::size_t& newest = newest_[detector];
    if (newest != 0 && windows[newest - 1].begin <= from && from <= windows[newest - 1].end) {
      windows[newest - 1].end = std::max(windows[newest - 1].end, to);
    } else {
      windows.push_back({detector, from, to});
      newest = windows.size();
    }
  }
  void wake_all(const std::vector<std::uint32_t>& detectors, std::size_t begin, std::size_t end) {
    for (const std::uint32_t detector : detectors) wake(detector, begin, end);
  }

  static void merge(std::vector<DetectorWindow>& windows) {
    if (windows.size() < 2) return;
    std::ranges::sort(windows, [](const DetectorWindow& a, const DetectorWindow& b) {
      return a.detector != b.detector ? a.detector < b.detector : a.begin < b.begin;
    });
    std::size_t last = 0;
    for (std::size_t i = 1; i < windows.size(); ++i) {
      DetectorWindow& before = windows[last];
      if (windows[i].detector == before.detector && windows[i].begin <= before.end) {
        before.end = std::max(before.end, windows[i].end);
      } else {
        windows[++last] = windows[i];
      }
    }
    windows.resize(last + 1);
  }

  void pass_bytes(const Window& range) {
    std::size_t done = range.begin;  // marks before it have been dealt with
    std::size_t run = 0;             // bytes of the token that reaches the end of the last chunk
    for (std::size_t at = range.begin; at < range.end; at += kChunk) {
      const std::size_t count = std::min(kChunk, range.end - at);
      const Chunk chunk =
          count == kChunk ? classify_chunk(text_.data() + at) : classify(text_.data() + at, count);
      for (std::uint32_t marked = chunk.marked; marked != 0; marked &= marked - 1) {
        const std::size_t mark = at + static_cast<unsigned>(std::countr_zero(marked));
        if (mark >= done) done = pass_mark(mark);
      }
      const auto lead = static_cast<std::size_t>(std::countr_one(chunk.token));
      if (run + lead >= kShortestToken) pass_token(at);
      run = lead == kChunk
                ? run + kChunk
                : static_cast<std::size_t>(std::countl_one(chunk.token << (32 - kChunk)));
    }
    // A token that begins before the range's end, or before its begin.
    if (run > 0) pass_token(range.end - 1);
    if (range.begin > 0) pass_token(range.begin);
  }

  std::size_t pass_mark(std::size_t at) {
    switch (kClasses[static_cast<unsigned char>(text_[at])]) {
      case kDigit:
        return digit_run(at);
      case kJoint:
        return hex_groups(at);
      case kAt:
        wake_all(rules_.at_sign, at, at + 1);
        return at + 1;
      case kEscape:
        result_.escapes = true;
        return at + 1;
      default:
        result_.non_ascii = true;
        return at + 1;
    }
  }

  /// Digits with up to two separators between them.
  std::size_t digit_run(std::size_t begin) {
    static constexpr std::string_view kSeparators = " -.()/_";
    std::size_t at = begin, digits = 0, dots = 0, end = begin;
    while (at < text_.size()) {
      if (is_digit(text_[at])) {
        ++digits;
        end = ++at;
        continue;
      }
      std::size_t next = at;
      while (next < text_.size() && next - at < 2 && kSeparators.contains(text_[next])) ++next;
      if (next == at || next == text_.size() || !is_digit(text_[next])) break;
      if (text_[at] == '.' && next - at == 1) ++dots;
      at = next;
    }
    if (digits >= rules_.fewest_digits) wake_digits(begin, end, digits);
    if (dots >= 3) wake_all(rules_.dotted_quad, begin, end);
    if (begin + 2 <= end && !rules_.hex_groups.empty()) hex_run(begin, end);
    return end;
  }

  void wake_digits(std::size_t begin, std::size_t end, std::size_t digits) {
    const bool unbroken = digits == end - begin;
    const auto wake_if = [&](std::uint32_t index) {
      const Detector& d = rules_.detectors[index];
      if (digits < d.shape_minimum) return;  // a match may hold several runs
      // A value that may not end inside a word takes the whole of an unbroken run.
      if (unbroken && d.token_boundary && digits > d.facts.most_digits) return;
      if (d.facts.needs_letter && !stands_near(d, begin, end, is_alpha)) return;
      if (d.facts.needs_plus && !stands_near(d, begin, end, [](char c) { return c == '+'; })) {
        return;
      }
      wake(index, begin, end);
    };
    for (const std::uint32_t index : rules_.digits) wake_if(index);
    if (rules_.context.empty()) return;
    const std::size_t reach = kContextBefore + rules_.reach_of_digits;
    const std::size_t from = begin > reach ? begin - reach : 0;
    for (const ContextHit& hit : result_.context.within(from, end + reach)) {
      for (const std::uint32_t index : rules_.context_digits[hit.word]) wake_if(index);
    }
  }

  /// Whether such a byte stands where the detector would look round [begin, end), or in between:
  /// a run of digits holds separators only.
  template <class Is>
  bool stands_near(const Detector& d, std::size_t begin, std::size_t end, Is is) const {
    const auto any = [&](std::size_t from, std::size_t to) {
      return std::any_of(text_.begin() + static_cast<std::ptrdiff_t>(from),
                         text_.begin() + static_cast<std::ptrdiff_t>(to), is);
    };
    return any(begin > d.before ? begin - d.before : 0, begin) ||
           any(end, std::min(text_.size(), end + d.after));
  }

  /// A ':' or '-' between hex digits that no digit run covered.
  std::size_t hex_groups(std::size_t at) {
    const bool left = at > 0 && (hex_value(text_[at - 1]) >= 0 || text_[at - 1] == ':');
    const bool right =
        at + 1 < text_.size() && (hex_value(text_[at + 1]) >= 0 || text_[at + 1] == ':');
    return left && right && !rules_.hex_groups.empty() ? std::max(at + 1, hex_run(at, at + 1))
                                                       : at + 1;
  }

  /// Widens to the whole run of hex groups and wakes their detectors. Returns its end, if that is
  /// certain to hold nothing else to look at.
  std::size_t hex_run(std::size_t begin, std::size_t end) {
    if (begin < hex_done_) return end;
    static constexpr std::size_t kReach = 64;
    const auto belongs = [this](std::size_t i) {
      return hex_value(text_[i]) >= 0 || text_[i] == ':' || text_[i] == '-';
    };
    std::size_t from = begin, to = begin, colons = 0, hyphens = 0;
    bool pair = false;
    while (from > 0 && begin - from < kReach && belongs(from - 1)) --from;
    while (to < text_.size() && to - begin < kReach && belongs(to)) ++to;
    for (std::size_t i = from; i < to; ++i) {
      colons += text_[i] == ':' ? 1U : 0U;
      hyphens += text_[i] == '-' ? 1U : 0U;
      pair = pair || (text_[i] == ':' && i > from && text_[i - 1] == ':');
    }
    hex_done_ = to;
    const bool shaped = to - from >= 6 && (colons >= 5 || hyphens >= 5 || (pair && colons >= 2));
    if (shaped || colons >= 4) wake_all(rules_.hex_groups, from, to);
    return end;
  }

  /// The token that `at` stands in, if it is long enough and new.
  void pass_token(std::size_t at) {
    if (at < tokens_done_ || !is_token_byte(text_[at])) return;
    std::size_t begin = at;
    while (begin > tokens_done_ && is_token_byte(text_[begin - 1])) --begin;
    const std::size_t end = token_end(begin, at + 1);
    if (end - begin >= kShortestToken) add_token(begin, end);
    tokens_done_ = end;
  }

  /// Lines of equal length (MIME, PEM, Kubernetes) are one token.
  std::size_t token_end(std::size_t begin, std::size_t end) const {
    static constexpr std::size_t kShortestLine = 60;
    std::size_t line = begin;
    for (;;) {
      while (end < text_.size() && is_token_byte(text_[end])) ++end;
      std::size_t next = end;
      if (next < text_.size() && text_[next] == '\r') ++next;
      const bool more = end - line >= kShortestLine && next + 1 < text_.size() &&
                        text_[next] == '\n' && is_token_byte(text_[next + 1]);
      if (!more) break;
      line = next + 1;
      end = line;
    }
    for (int padding = 0; padding < 2 && end < text_.size() && text_[end] == '='; ++padding) ++end;
    return end;
  }

  void add_token(std::size_t begin, std::size_t end) {
    result_.tokens.push_back({begin, end});
    if (end - begin < rules_.shortest_token) return;
    for (const std::uint32_t detector : rules_.tokens) {
      if (end - begin >= rules_.detectors[detector].shape_minimum) wake(detector, begin, end);
    }
  }

  const RuleSet::Implementation& rules_;
  std::string_view text_;
  std::size_t hex_done_ = 0;
  std::size_t tokens_done_ = 0;
  std::vector<std::size_t> newest_;  // by detector: 1 + index of its last window; 0: none
  GateResult result_;
};

}  // namespace

GateResult pass_gate(const RuleSet::Implementation& rules, std::string_view text,
                     std::span<const Window> ranges, std::vector<DetectorWindow> known) {
  return Gate(rules, text, std::move(known)).pass(ranges);
}

std::vector<DetectorWindow> carried_over(const std::vector<DetectorWindow>& windows,
                                         const MappedText& to) {
  std::vector<DetectorWindow> carried;
  carried.reserve(windows.size());
  for (const DetectorWindow& window : windows) {
    const std::size_t length = window.end - window.begin;
    const std::size_t first = to.from_source(window.begin);
    const std::size_t last = to.from_source(window.end);
    const std::size_t begin = std::min(first, last > length ? last - length : 0);
    const std::size_t end = std::min(to.text.size(), std::max(last, first + length));
    if (!to.is_verbatim(begin, end)) carried.push_back({window.detector, begin, end});
  }
  return carried;
}

}  // namespace customhouse::policy
