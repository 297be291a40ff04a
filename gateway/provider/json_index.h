// A map of a JSON document: where its strings stand, byte for byte. No tree, no copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::provider {

struct JsonLimits {
  std::size_t max_depth = 256;
  std::size_t max_nodes = 2'000'000;  // strings, keys, containers and long numbers together
};

struct JsonFault {
  enum class Kind : std::uint8_t { Malformed, TooDeep, TooMany } kind = Kind::Malformed;
  const char* what = "";  // static storage; never quotes the document
  std::size_t at = 0;     // byte offset
};

inline constexpr std::uint32_t kNoNode = std::numeric_limits<std::uint32_t>::max();

struct JsonNode {
  enum class Kind : std::uint8_t {
    Object,
    Array,
    Key,
    String,  // `begin`, `end` inside the quotes
    Number,  // only those that could carry an account number, see JsonIndex
    True,    // only directly in the outermost object
  };
  Kind kind;
  bool escaped = false;     // Key, String: contains a backslash
  std::uint32_t begin = 0;  // offsets into the document
  std::uint32_t end = 0;
  std::uint32_t parent = kNoNode;
  std::uint32_t name = kNoNode;  // value in an object: its Key node; in an array: its position
  std::uint32_t next = 0;        // first node behind this one and everything inside it
};

/// Strict RFC 8259 over UTF-8: invalid UTF-8, a byte order mark, lone surrogates in \u escapes,
/// two equal keys in one object, bytes behind the value, and nesting over the limit are faults.
/// Iterative; linear but for the sorting of large objects' keys.
/// Numbers are indexed if their integer part has 9 digits or more, or the mantissa with an
/// exponent: a card number may come as a number. Other literals leave no node. Documents over 4 GiB
/// are faults. The document must outlive the index.
class JsonIndex {
 public:
  static std::expected<JsonIndex, JsonFault> parse(std::string_view document,
                                                   const JsonLimits& limits);

  std::string_view document() const noexcept { return document_; }
  const std::vector<JsonNode>& nodes() const noexcept { return nodes_; }
  const JsonNode& operator[](std::uint32_t node) const noexcept { return nodes_[node]; }
  std::string_view raw(const JsonNode& node) const noexcept {
    return document_.substr(node.begin, node.end - node.begin);
  }
  /// Decoded text of a key or string.
  std::string text(const JsonNode& node) const;
  /// Whether a string's or key's decoded text is `text`.
  bool equals(const JsonNode& node, std::string_view text) const;
  /// The member of an object that bears this name, or kNoNode (also if its value left no node).
  std::uint32_t member(std::uint32_t object, std::string_view name) const;
  /// The raw text of a member that is a number or literal ("0", "true", "null"); empty if there is
  /// none.
  std::string_view scalar(std::uint32_t object, std::string_view name) const;

 private:
  friend class JsonScanner;
  std::string_view document_;
  std::vector<JsonNode> nodes_;
};

}  // namespace customhouse::provider
