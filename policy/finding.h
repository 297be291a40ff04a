#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace customhouse::policy {

/// How sure a finding is (reference: likelihood of Google SDP, confidence levels of Purview).
enum class Confidence : std::uint8_t { Low = 1, Medium = 2, High = 3, Certain = 4 };
std::string_view to_string(Confidence confidence) noexcept;  // "low", "medium", "high", "certain"

/// A place in a text that a detector names. Offsets are bytes into the text scanned, end exclusive.
struct Finding {
  std::string_view type;  // e.g. "EMAIL_ADDRESS"; points into the RuleSet, as `detector` does
  std::string_view detector;
  std::size_t begin = 0;
  std::size_t end = 0;
  Confidence confidence = Confidence::Low;
  /// The value in its plain form (disguises undone, separators of numbers removed, case folded
  /// where the type ignores case): what pseudonyms and value comparison use.
  std::string normalized;
  /// Empty, or what to write over [begin, end) with `{}` where the placeholder goes: a base64 or
  /// hex token that contained the value is re-encoded around the placeholder.
  struct Encoded {
    enum class Kind : std::uint8_t { None, Base64, Base64Url, Hex } kind = Kind::None;
    std::string decoded;          // the decoded token
    std::size_t begin = 0, end = 0;  // where the value stands in `decoded`
  } encoded;
};

}  // namespace customhouse::policy
