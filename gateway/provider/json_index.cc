#include "gateway/provider/json_index.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "gateway/provider/json_text.h"

namespace customhouse::provider {

namespace {

constexpr std::size_t kLongNumberDigits = 9;  // a US SSN; cards and accounts are longer

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static_assert(std::endian::native == std::endian::little);

/// Bytes of a word that end a plain run: '"', '\\', control characters, non-ASCII (high bit set).
std::uint64_t special_bytes(std::uint64_t word) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kHigh = 0x8080808080808080ULL;
  const auto has_zero = [](std::uint64_t v) { return (v - kOnes) & ~v; };
  return (has_zero(word ^ (kOnes * '"')) | has_zero(word ^ (kOnes * '\\')) | (word - kOnes * 0x20) |
          word) &
         kHigh;
}

}  // namespace

/// One pass over a document. State: the open containers, and the keys of the open objects.
class JsonScanner {
 public:
  JsonScanner(std::string_view document, const JsonLimits& limits)
      : text_(document), limits_(limits) {
    index_.document_ = document;
  }
  std::expected<JsonIndex, JsonFault> run();

 private:
  struct Open {
    std::uint32_t node;
    std::uint32_t count;      // array: values so far
    std::uint32_t first_key;  // object: where its keys begin in keys_
    bool object;
  };
  using Kind = JsonNode::Kind;

  bool fail(const char* what, std::size_t at) {
    fault_ = {JsonFault::Kind::Malformed, what, at};
    return false;
  }
  void skip_space() noexcept {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool add(Kind kind, std::size_t begin, std::size_t end, bool escaped);
  bool value();
  bool open(Kind kind);
  bool close();
  bool key();
  bool behind_value();
  bool string(Kind kind);
  bool escape();
  bool number();
  bool literal();
  bool unique_keys(std::size_t first);

  std::string_view text_;
  JsonLimits limits_;
  JsonIndex index_;
  JsonFault fault_;
  std::size_t at_ = 0;
  std::vector<Open> open_;
  std::vector<std::uint32_t> keys_;
  std::uint32_t name_ = kNoNode;  // the Key node that waits for its value
  bool want_value_ = true;        // else: comma or end of container
};

bool JsonScanner::add(Kind kind, std::size_t begin, std::size_t end, bool escaped) {
  auto& nodes = index_.nodes_;
  if (nodes.size() >= limits_.max_nodes) {
    fault_ = {JsonFault::Kind::TooMany, "too many strings and containers", begin};
    return false;
  }
  JsonNode node{kind, escaped, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
  if (!open_.empty()) {
    node.parent = open_.back().node;
    if (kind != Kind::Key) node.name = open_.back().object ? name_ : open_.back().count;
  }
  node.next = static_cast<std::uint32_t>(nodes.size() + 1);
  nodes.push_back(node);
  return true;
}

std::expected<JsonIndex, JsonFault> JsonScanner::run() {
  index_.nodes_.reserve(std::min<std::size_t>(16 + text_.size() / 24, 4096));
  bool good = true;
  if (text_.size() >= kNoNode) good = fail("the document is too long", 0);
  if (text_.starts_with("\xEF\xBB\xBF")) good = fail("byte order mark", 0);
  while (good) {
    skip_space();
    if (want_value_) {
      good = value();
    } else if (open_.empty()) {
      if (at_ != text_.size()) {
        good = fail("bytes behind the end of the document", at_);
        break;
      }
      return std::move(index_);
    } else {
      good = behind_value();
    }
  }
  return std::unexpected(fault_);
}

bool JsonScanner::value() {
  if (at_ >= text_.size()) return fail("the document ends where a value should stand", at_);
  switch (text_[at_]) {
    case '{':
      return open(Kind::Object);
    case '[':
      return open(Kind::Array);
    case '"':
      want_value_ = false;
      return string(Kind::String);
    case 't':
    case 'f':
    case 'n':
      want_value_ = false;
      return literal();
    default:
      want_value_ = false;
      return number();
  }
}

bool JsonScanner::open(Kind kind) {
  if (open_.size() >= limits_.max_depth) {
    fault_ = {JsonFault::Kind::TooDeep, "nested too deep", at_};
    return false;
  }
  if (!add(kind, at_, at_, false)) return false;
  const auto node = static_cast<std::uint32_t>(index_.nodes_.size() - 1);
  const bool object = kind == Kind::Object;
  open_.push_back({node, 0, static_cast<std::uint32_t>(keys_.size()), object});
  ++at_;
  skip_space();
  if (peek() == (object ? '}' : ']')) {
    want_value_ = false;
    return close();
  }
  want_value_ = true;
  return object ? key() : true;
}

bool JsonScanner::close() {
  const Open closed = open_.back();
  if (closed.object && !unique_keys(closed.first_key)) return false;
  keys_.resize(closed.first_key);
  open_.pop_back();
  ++at_;
  JsonNode& node = index_.nodes_[closed.node];
  node.end = static_cast<std::uint32_t>(at_);
  node.next = static_cast<std::uint32_t>(index_.nodes_.size());
  return true;
}

bool JsonScanner::key() {
  if (peek() != '"') return fail("an object's key should stand here", at_);
  name_ = static_cast<std::uint32_t>(index_.nodes_.size());
  if (!string(Kind::Key)) return false;
  keys_.push_back(name_);
  skip_space();
  if (peek() != ':') return fail("a colon should stand here", at_);
  ++at_;
  want_value_ = true;
  return true;
}

bool JsonScanner::behind_value() {
  Open& container = open_.back();
  const char c = peek();
  if (c == (container.object ? '}' : ']')) return close();
  if (at_ >= text_.size()) return fail("the document is cut off", at_);
  if (c != ',') return fail("a comma should stand here", at_);
  ++at_;
  if (container.object) {
    skip_space();
    return key();
  }
  ++container.count;
  want_value_ = true;
  return true;
}

bool JsonScanner::string(Kind kind) {
  const std::size_t begin = ++at_;
  bool escaped = false;
  for (;;) {
    while (text_.size() - at_ >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text_.data() + at_, 8);
      const std::uint64_t special = special_bytes(word);
      if (special != 0) {
        // The lowest byte marked is truly special: borrows only ever mark higher ones.
        at_ += static_cast<std::size_t>(std::countr_zero(special)) / 8;
        break;
      }
      at_ += 8;
    }
    if (at_ >= text_.size()) return fail("a string is cut off", at_);
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"') break;
    if (c == '\\') {
      escaped = true;
      if (!escape()) return false;
    } else if (c < 0x20) {
      return fail("a control character in a string", at_);
    } else if (c < 0x80) {
      ++at_;
    } else {
      const std::size_t length = utf8_sequence_length(text_.substr(at_));
      if (length == 0) return fail("invalid UTF-8", at_);
      at_ += length;
    }
  }
  const std::size_t end = at_++;
  return add(kind, begin, end, escaped);
}

bool JsonScanner::escape() {
  const std::size_t begin = at_;
  const auto unicode = [&](unsigned& unit) {
    if (text_.size() - at_ < 6 || text_[at_] != '\\' || text_[at_ + 1] != 'u') return false;
    unit = 0;
    for (std::size_t i = 2; i < 6; ++i) {
      const char c = text_[at_ + i];
      if (!is_hex(c)) return false;
      unit = unit * 16 + (is_digit(c) ? static_cast<unsigned>(c - '0')
                                      : static_cast<unsigned>((c | 0x20) - 'a' + 10));
    }
    at_ += 6;
    return true;
  };
  if (at_ + 1 >= text_.size()) return fail("a string is cut off", at_);
  if (text_[at_ + 1] != 'u') {
    if (std::string_view("\"\\/bfnrt").find(text_[at_ + 1]) == std::string_view::npos) {
      return fail("an unknown escape", at_);
    }
    at_ += 2;
    return true;
  }
  unsigned unit = 0;
  if (!unicode(unit)) return fail("a malformed \\u escape", begin);
  if (unit < 0xD800 || unit > 0xDFFF) return true;
  // Half a surrogate pair is no character: it cannot be mapped to UTF-8 and back.
  unsigned low = 0;
  if (unit > 0xDBFF || !unicode(low) || low < 0xDC00 || low > 0xDFFF) {
    return fail("a lone surrogate in a \\u escape", begin);
  }
  return true;
}

bool JsonScanner::number() {
  const std::size_t begin = at_;
  const auto digits = [&] {
    const std::size_t first = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ - first;
  };
  if (peek() == '-') ++at_;
  const bool zero = peek() == '0';
  const std::size_t whole = digits();
  if (whole == 0) return fail("a value should stand here", begin);
  if (zero && whole > 1) return fail("a number with a leading zero", begin);
  std::size_t fraction = 0;
  bool exponent = false;
  if (peek() == '.') {
    ++at_;
    fraction = digits();
    if (fraction == 0) return fail("a malformed number", begin);
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    exponent = true;
    if (peek() == '+' || peek() == '-') ++at_;
    if (digits() == 0) return fail("a malformed number", begin);
  }
  const bool telling =
      whole >= kLongNumberDigits || (exponent && whole + fraction >= kLongNumberDigits);
  return telling ? add(Kind::Number, begin, at_, false) : true;
}

bool JsonScanner::literal() {
  for (const std::string_view word : {"true", "false", "null"}) {
    if (!text_.substr(at_).starts_with(word)) continue;
    const std::size_t begin = at_;
    at_ += word.size();
    const bool kept = word == "true" && open_.size() == 1 && open_.back().object;
    return kept ? add(Kind::True, begin, at_, false) : true;
  }
  return fail("an unknown literal", at_);
}

bool JsonScanner::unique_keys(std::size_t first) {
  const std::size_t count = keys_.size() - first;
  if (count < 2) return true;
  const auto& nodes = index_.nodes_;
  const auto raw = [&](std::size_t i) { return index_.raw(nodes[keys_[first + i]]); };
  const auto escaped = [&](std::size_t i) { return nodes[keys_[first + i]].escaped; };
  bool plain = true;
  for (std::size_t i = 0; i < count; ++i) plain = plain && !escaped(i);
  const auto equal = [&](std::size_t at) { return fail("two equal keys in one object", at); };
  if (plain && count <= 16) {
    for (std::size_t i = 1; i < count; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (raw(i) == raw(j)) return equal(nodes[keys_[first + i]].begin);
      }
    }
    return true;
  }
  std::vector<std::pair<std::string_view, std::size_t>> sorted;
  std::vector<std::string> decoded;
  sorted.reserve(count);
  decoded.reserve(count);  // so that views into it stay
  for (std::size_t i = 0; i < count; ++i) {
    if (escaped(i)) decoded.push_back(decode_json_string(raw(i)));
    sorted.emplace_back(escaped(i) ? std::string_view(decoded.back()) : raw(i),
                        nodes[keys_[first + i]].begin);
  }
  std::ranges::sort(sorted);
  const auto twin =
      std::ranges::adjacent_find(sorted, {}, &std::pair<std::string_view, std::size_t>::first);
  return twin == sorted.end() ? true : equal(std::next(twin)->second);
}

std::expected<JsonIndex, JsonFault> JsonIndex::parse(std::string_view document,
                                                     const JsonLimits& limits) {
  return JsonScanner(document, limits).run();
}

std::string JsonIndex::text(const JsonNode& node) const {
  return node.escaped ? decode_json_string(raw(node)) : std::string(raw(node));
}

bool JsonIndex::equals(const JsonNode& node, std::string_view text) const {
  return node.escaped ? decode_json_string(raw(node)) == text : raw(node) == text;
}

std::uint32_t JsonIndex::member(std::uint32_t object, std::string_view name) const {
  for (std::uint32_t i = object + 1; i < nodes_[object].next; i = nodes_[i].next) {
    if (nodes_[i].kind == JsonNode::Kind::Key || nodes_[i].name == kNoNode) continue;
    if (nodes_[i].parent == object && equals(nodes_[nodes_[i].name], name)) return i;
  }
  return kNoNode;
}

std::string_view JsonIndex::scalar(std::uint32_t object, std::string_view name) const {
  for (std::uint32_t i = object + 1; i < nodes_[object].next; i = nodes_[i].next) {
    if (nodes_[i].kind != JsonNode::Kind::Key || !equals(nodes_[i], name)) continue;
    const std::size_t begin = document_.find_first_not_of(" \t\r\n:", nodes_[i].end + 1);
    if (std::string_view("\"{[").find(document_[begin]) != std::string_view::npos) return {};
    return document_.substr(begin, document_.find_first_of(" \t\r\n,}", begin) - begin);
  }
  return {};
}

}  // namespace customhouse::provider
