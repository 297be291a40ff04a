#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::policy {

/// How sure a finding is (reference: likelihood of Google SDP, confidence levels of Purview).
enum class Confidence : std::uint8_t { Low = 1, Medium = 2, High = 3, Certain = 4 };
std::string_view to_string(Confidence confidence) noexcept;  // "low", "medium", "high", "certain"

/// A place in a text that a detector names. Offsets are bytes into the text scanned, end exclusive.
/// A token (base64, hex) that contains values is one finding with the type of the most certain.
struct Finding {
  std::string_view type;  // e.g. "EMAIL_ADDRESS"; points into the RuleSet, as `detector` does
  std::string_view detector;
  std::size_t begin = 0;
  std::size_t end = 0;
  Confidence confidence = Confidence::Low;
  /// The value in its plain form (disguises undone, separators of numbers removed, case folded
  /// where the type ignores case): what pseudonyms and value comparison use.
  std::string normalized;
  /// How the confidence came about; explain() (catalogue.h) puts it into words.
  struct Reason {
    std::string_view context;             // word that stood near, as the rules name it; or empty
    std::optional<Confidence> validated;  // what the validator said, if it said
    std::uint8_t disguises = 0;           // layers of disguise that were undone
  } reason;
  /// Set if [begin, end) is an encoded token: the values stand in its decoded text. Whoever redacts
  /// edits `decoded` at the inner findings and writes encode() of it over the token.
  struct Encoded {
    enum class Kind : std::uint8_t { None, Base64, Base64Url, Hex } kind = Kind::None;
    bool padded = false;            // base64 with '='
    std::string decoded;            // the decoded token
    std::vector<Finding> findings;  // in `decoded`; sorted, disjoint
    std::string encode(std::string_view text) const;
  } encoded;
};

}  // namespace customhouse::policy
