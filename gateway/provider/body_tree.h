// How the texts of a body are nested in each other (a part in a body, JSON in a string, text in
// base64), and how edits of the innermost become edits of the body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decision.h"

namespace customhouse::provider {

/// A text that spans stand in. Texts are numbered; a text's parent has the lower number.
struct NestedText {
  enum class Place : std::uint8_t { Body, Range, JsonString } place = Place::Body;
  std::string_view text;
  std::uint32_t parent = 0;
  std::size_t begin = 0;  // in the parent's text; for a string inside its quotes
  std::size_t end = 0;
  /// The text is base64 in [base64_begin, base64_end) of what stands at the place (of a string:
  /// decoded). Else it is all of it.
  bool base64 = false;
  bool url_alphabet = false;
  bool padded = true;
  std::size_t base64_begin = 0;
  std::size_t base64_end = 0;
};

/// Where a span's text stands.
struct SpanPlace {
  enum class Kind : std::uint8_t { Range, JsonString, JsonNumber } kind = Kind::Range;
  std::uint32_t text = 0;
  std::size_t begin = 0;  // in that text; for a string inside its quotes
  std::size_t end = 0;
};

class BodyTree {
 public:
  explicit BodyTree(std::string_view body) { texts_.push_back({.text = body}); }

  const NestedText& text(std::uint32_t index) const noexcept { return texts_[index]; }
  std::uint32_t add(NestedText text) {
    texts_.push_back(text);
    return static_cast<std::uint32_t>(texts_.size() - 1);
  }
  std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(texts_.size()); }

  /// `replacements` sorted by span, then begin; their offsets are in the spans' (decoded) text.
  /// A number that is replaced becomes a string.
  std::string apply(std::span<const SpanPlace> places, std::span<const policy::TextSpan> spans,
                    std::span<const policy::Replacement> replacements) const;

 private:
  std::vector<NestedText> texts_;
};

}  // namespace customhouse::provider
