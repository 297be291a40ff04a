// Disguises undone: a text as a reader (or a model) would take it, with the way back to its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::policy {

/// A range of bytes.
struct Window {
  std::size_t begin = 0, end = 0;
};

/// A rewritten text and, for each of its bytes, the bytes of the source it stands for.
class MappedText {
 public:
  std::string text;

  std::size_t source_begin(std::size_t at) const noexcept;
  /// End in the source of what ends at `at` here (exclusive both).
  std::size_t source_end(std::size_t at) const noexcept;
  /// Where the source's byte at `at` stands here, or would if it had not been dropped.
  std::size_t from_source(std::size_t at) const noexcept;
  /// Whether [begin, end) stands in the source exactly as here.
  bool is_verbatim(std::size_t begin, std::size_t end) const noexcept;
  /// Where something was rewritten, with `margin` bytes round it; ascending, disjoint.
  std::vector<Window> changes(std::size_t margin) const;

 private:
  friend class MappedTextBuilder;
  struct Segment {
    std::uint32_t begin;          // here
    std::uint32_t source;         // begin in the source
    std::uint32_t source_length;  // 0: verbatim up to the next segment
  };
  const Segment& segment_of(std::size_t at) const noexcept;
  std::vector<Segment> segments_;
};

class MappedTextBuilder {
 public:
  explicit MappedTextBuilder(std::string_view source) : source_(source) {}
  /// Sources come in ascending order; what lies between is copied.
  void replace(std::size_t begin, std::size_t end, std::string_view text);
  bool changed() const noexcept { return changed_; }
  MappedText finish();

 private:
  void copy_until(std::size_t at);
  std::string_view source_;
  std::size_t done_ = 0;
  bool changed_ = false;
  MappedText result_;
};

/// Compatibility forms (full-width, mathematical, circled, other scripts' digits …) become ASCII,
/// invisible characters vanish, Cyrillic and Greek lookalikes inside ASCII tokens become Latin.
/// nullopt: nothing to change. Texts over 4 GiB are never changed (callers bound them).
std::optional<MappedText> fold_characters(std::string_view text);

/// One layer of percent-encoding, HTML character references and JSON escapes is undone.
std::optional<MappedText> undo_escapes(std::string_view text);

}  // namespace customhouse::policy
