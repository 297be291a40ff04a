#include "policy/gate.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "policy/text.h"

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

/// Whether 16 bytes hold one that has a class: most of prose has none.
bool any_classed(const char* bytes) noexcept {
  using Block = unsigned char __attribute__((vector_size(16)));
  Block block;
  std::memcpy(&block, bytes, sizeof block);
  // '%' and '&', '-', the digits and ':', '@', '\\', and what is not ASCII.
  const auto found = (block - 0x25 <= 1) | (block == 0x2D) | (block - 0x30 <= 0x0A) |
                     (block == 0x40) | (block == 0x5C) | (block >= 0x80);
  std::array<std::uint64_t, 2> halves;
  std::memcpy(halves.data(), &found, sizeof found);
  return (halves[0] | halves[1]) != 0;
}

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

class Gate {
 public:
  Gate(const RuleSet::Implementation& rules, std::string_view text,
       std::vector<DetectorWindow> known)
      : rules_(rules), text_(text) {
    result_.windows = std::move(known);
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
      pass_tokens(range);
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
    std::uint8_t seen = 0;
    for (std::size_t at = range.begin; at < range.end;) {
      if (at + 16 <= range.end && !any_classed(text_.data() + at)) {
        at += 16;
        continue;
      }
      const std::size_t block_end = std::min(range.end, at + 16);
      while (at < block_end) at = pass_byte(at, seen);
    }
    result_.escapes = result_.escapes || (seen & kEscape) != 0;
    result_.non_ascii = result_.non_ascii || (seen & kNonAscii) != 0;
  }

  /// Returns where to go on.
  std::size_t pass_byte(std::size_t at, std::uint8_t& seen) {
    const std::uint8_t kind = kClasses[static_cast<unsigned char>(text_[at])];
    seen |= kind;
    if (kind == kDigit) return digit_run(at);
    if (kind == kJoint) return hex_groups(at);
    if (kind == kAt) wake_all(rules_.at_sign, at, at + 1);
    return at + 1;
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
    if (digits >= rules_.fewest_digits) {
      for (const std::uint32_t detector : rules_.digits) {
        if (digits >= rules_.detectors[detector].shape_minimum) wake(detector, begin, end);
      }
    }
    if (dots >= 3) wake_all(rules_.dotted_quad, begin, end);
    if (begin + 2 <= end && !rules_.hex_groups.empty()) hex_run(begin, end);
    return end;
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

  /// Any run as long as kShortestToken covers a multiple of it.
  void pass_tokens(const Window& range) {
    std::size_t done = tokens_done_;
    for (std::size_t probe = std::max(range.begin, done); probe < range.end;) {
      if (!is_token_byte(text_[probe])) {
        probe += kShortestToken;
        continue;
      }
      std::size_t begin = probe, end = probe + 1;
      while (begin > done && is_token_byte(text_[begin - 1])) --begin;
      end = token_end(begin, end);
      if (end - begin >= kShortestToken) add_token(begin, end);
      done = end;
      probe = std::max(probe + kShortestToken, end);
    }
    tokens_done_ = done;
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
