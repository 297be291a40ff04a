#include "gateway/provider/extractor.h"

#include <algorithm>
#include <cstring>

#include "gateway/provider/content_class.h"
#include "gateway/provider/field_roles.h"
#include "gateway/provider/json_text.h"
#include "gateway/provider/multipart.h"

namespace customhouse::provider {

namespace {

using Kind = JsonNode::Kind;

constexpr std::size_t kMaxLocation = 200;  // bytes; deeper places are named by the beginning

bool begins_like_json(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

void append_segment(std::string& path, std::string_view segment) {
  if (path.size() + segment.size() < kMaxLocation) path.append("/").append(segment);
}

ExtractionError describe(const JsonFault& fault) {
  std::string what =
      std::string("not JSON: ") + fault.what + " at byte " + std::to_string(fault.at);
  if (fault.kind == JsonFault::Kind::Malformed) return {400, std::move(what)};
  what = std::string("JSON ") + fault.what + " at byte " + std::to_string(fault.at);
  return {fault.kind == JsonFault::Kind::TooMany ? 413 : 400, std::move(what)};
}

}  // namespace

/// Where the walk over one document stands: the containers around the node at hand.
struct Extractor::Walk {
  struct Level {
    std::uint32_t next;  // first node behind the container
    std::size_t path_size;
    bool object;
    bool tool;           // inside a tool call's arguments
    bool function_call;  // the value of a field such as "functionCall"
  };
  const Document& document;
  std::vector<Level> levels;
  std::string path;
  std::string_view key;  // the last one

  std::string_view name_of_value() const noexcept {
    return !levels.empty() && levels.back().object ? key : std::string_view{};
  }
  bool tool() const noexcept { return levels.empty() ? document.tool : levels.back().tool; }
  void leave_closed(std::uint32_t node) {
    while (!levels.empty() && node >= levels.back().next) levels.pop_back();
  }
  void enter_value(const JsonNode& node) {
    path.resize(levels.empty() ? document.location.size() : levels.back().path_size);
    if (levels.empty()) return;
    if (levels.back().object) {
      append_segment(path, location_segment(key));
    } else {
      char digits[16];
      std::size_t at = sizeof digits;
      std::uint32_t position = node.name;
      do digits[--at] = static_cast<char>('0' + position % 10);
      while ((position /= 10) != 0);
      append_segment(path, {digits + at, sizeof digits - at});
    }
  }
  /// Whether the value named `key` in the object at hand stands in tool arguments.
  bool value_in_tool(std::uint32_t object) const {
    if (tool() || levels.empty() || !levels.back().object) return tool();
    if (is_arguments_field(key)) return true;
    if (key == "args") return levels.back().function_call;
    if (key != "input") return false;
    const std::uint32_t type = document.index.member(object, "type");
    return type != kNoNode && document.index[type].kind == Kind::String &&
           is_tool_call_type(document.index.text(document.index[type]));
  }
};

JsonLimits Extractor::json_limits() const noexcept {
  const std::size_t most = limits_.max_strings > SIZE_MAX / 4 ? SIZE_MAX : limits_.max_strings * 4;
  return {limits_.max_depth, most > nodes_ ? most - nodes_ : 0};
}

Extractor::Failure Extractor::add_span(std::string_view text, std::string location,
                                       policy::SpanRole role, const SpanPlace& place) {
  if (text.empty()) return {};
  if (result_.spans.size() >= limits_.max_strings) return ExtractionError{413, "too many strings"};
  result_.spans.push_back({text, std::move(location), role});
  result_.places.push_back(place);
  return {};
}

Extractor::Failure Extractor::spend(std::size_t decoded_bytes) {
  if (decoded_bytes > limits_.max_decoded_bytes - decoded_)
    return ExtractionError{413, "too much encoded text"};
  decoded_ += decoded_bytes;
  return {};
}

Extractor::Failure Extractor::keep(std::string_view text, std::string_view& kept) {
  if (auto failure = spend(text.size())) return failure;
  result_.decoded.push_back(std::make_unique_for_overwrite<char[]>(text.size() + 1));
  std::memcpy(result_.decoded.back().get(), text.data(), text.size());
  kept = {result_.decoded.back().get(), text.size()};
  return {};
}

void Extractor::skip(std::string_view reason, std::size_t bytes) {
  auto& reasons = result_.coverage.reasons;
  const auto at = std::ranges::find(reasons, reason, &policy::Coverage::Skip::reason);
  if (at == reasons.end()) {
    reasons.push_back({std::string(reason), bytes});
  } else {
    at->bytes += bytes;
  }
  result_.coverage.skipped += bytes;
}

void Extractor::finish() {
  auto& coverage = result_.coverage;
  coverage.skipped = std::min<std::uint64_t>(coverage.skipped, result_.body_bytes);
  coverage.scanned = result_.body_bytes - coverage.skipped;
}

// ---------------------------------------------------------------- JSON

bool Extractor::enqueue(std::uint32_t text, std::string location, bool tool, std::size_t nesting) {
  auto index = JsonIndex::parse(result_.tree.text(text).text, json_limits());
  if (!index) return false;
  nodes_ += index->nodes().size();
  queue_.push_back({text, std::move(*index), std::move(location), tool, false, nesting});
  return true;
}

Extractor::Failure Extractor::read_json(std::uint32_t text, std::string location, bool outermost) {
  auto index = JsonIndex::parse(result_.tree.text(text).text, json_limits());
  if (!index) return describe(index.error());
  nodes_ += index->nodes().size();
  queue_.push_back({text, std::move(*index), std::move(location), false, outermost, 0});
  return walk_queue();
}

Extractor::Failure Extractor::walk_queue() {
  while (!queue_.empty()) {
    const Document document = std::move(queue_.front());
    queue_.pop_front();
    if (auto failure = walk(document)) return failure;
  }
  return {};
}

Extractor::Failure Extractor::walk(const Document& document) {
  const JsonIndex& index = document.index;
  const auto& nodes = index.nodes();
  std::size_t escaped_bytes = 0;
  for (const JsonNode& node : nodes) {
    if (node.escaped) escaped_bytes += node.end - node.begin;
  }
  if (auto failure = spend(escaped_bytes)) return failure;
  char* out = nullptr;
  if (escaped_bytes != 0) {
    result_.decoded.push_back(std::make_unique_for_overwrite<char[]>(escaped_bytes));
    out = result_.decoded.back().get();
  }
  Walk walk{document, {}, document.location, {}};
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    const JsonNode& node = nodes[i];
    walk.leave_closed(i);
    std::string_view text = index.raw(node);
    if (node.escaped) {
      const std::size_t size = decode_json_string(text, out);
      text = {out, size};
      out += size;
    }
    Failure failure;
    if (node.kind == Kind::Key) {
      walk.key = text;
      walk.path.resize(walk.levels.back().path_size);
      failure = add_span(text, walk.path + "#key",
                         walk.tool() ? policy::SpanRole::ToolArguments : policy::SpanRole::Text,
                         {SpanPlace::Kind::JsonString, document.text, node.begin, node.end});
    } else if (node.kind == Kind::True) {
      if (document.outermost && walk.key == "stream") result_.stream = true;
    } else {
      walk.enter_value(node);
      const bool container = node.kind == Kind::Object || node.kind == Kind::Array;
      failure = container ? visit_container(walk, i) : visit_string(walk, i, text);
    }
    if (failure) return failure;
  }
  return {};
}

Extractor::Failure Extractor::visit_container(Walk& walk, std::uint32_t at) {
  const JsonNode& node = walk.document.index[at];
  const bool tool = walk.value_in_tool(node.parent);
  const bool function_call = is_function_call_field(walk.name_of_value());
  walk.levels.push_back(
      {node.next, walk.path.size(), node.kind == Kind::Object, tool, function_call});
  return {};
}

namespace {

/// The media type or audio format that stands beside base64 in its object.
std::string declared_type(const JsonIndex& index, std::uint32_t object) {
  if (object == kNoNode) return {};
  for (const std::string_view name : {"media_type", "mimeType", "mime_type", "format"}) {
    const std::uint32_t value = index.member(object, name);
    if (value != kNoNode && index[value].kind == JsonNode::Kind::String)
      return index.text(index[value]);
  }
  return {};
}

}  // namespace

Extractor::Failure Extractor::visit_string(Walk& walk, std::uint32_t at, std::string_view text) {
  const JsonNode& node = walk.document.index[at];
  const std::string_view name = walk.name_of_value();
  const bool tool = walk.value_in_tool(node.parent);
  const policy::SpanRole role = tool                        ? policy::SpanRole::ToolArguments
                                : is_identifier_field(name) ? policy::SpanRole::Identifier
                                                            : policy::SpanRole::Text;
  if (node.kind == Kind::Number) {
    return add_span(text, walk.path, role,
                    {SpanPlace::Kind::JsonNumber, walk.document.text, node.begin, node.end});
  }
  if (walk.document.outermost && walk.levels.size() == 1 && name == "model") result_.model = text;
  bool opened = false;
  if (text.size() > 5 && (text[0] == 'd' || text[0] == 'D')) {
    if (const auto url = parse_data_url(text)) {
      if (auto failure = open_base64(walk, node, text, url->content_at, url->media_type, opened))
        return failure;
    }
  } else if (may_carry_base64(name)) {
    const std::string declared = declared_type(walk.document.index, node.parent);
    if (auto failure = open_base64(walk, node, text, 0, declared, opened)) return failure;
  }
  if (opened) return {};
  const bool could_be_json = !text.empty() && (text[0] == '{' || text[0] == '[' ||
                                               static_cast<unsigned char>(text[0]) <= ' ');
  if (could_be_json && begins_like_json(text) && open_json(walk, node, text)) return {};
  return add_span(text, walk.path, role,
                  {SpanPlace::Kind::JsonString, walk.document.text, node.begin, node.end});
}

bool Extractor::open_json(Walk& walk, const JsonNode& node, std::string_view text) {
  // Below the limit it is text like any other, escapes and all.
  if (walk.document.nesting >= limits_.max_nested_documents) return false;
  auto index = JsonIndex::parse(text, json_limits());
  if (!index) return false;
  nodes_ += index->nodes().size();
  const std::uint32_t nested = result_.tree.add({.place = NestedText::Place::JsonString,
                                                 .text = text,
                                                 .parent = walk.document.text,
                                                 .begin = node.begin,
                                                 .end = node.end});
  result_.coverage.decoded += text.size();
  queue_.push_back({nested, std::move(*index), walk.path + "#json", walk.value_in_tool(node.parent),
                    false, walk.document.nesting + 1});
  return true;
}

Extractor::Failure Extractor::open_base64(Walk& walk, const JsonNode& node, std::string_view text,
                                          std::size_t content_at, std::string_view declared,
                                          bool& opened) {
  const auto content = decode_base64(text.substr(content_at));
  if (!content) return {};  // text like any other
  const ContentKind kind = sniff(content->bytes);
  const SpanPlace whole{SpanPlace::Kind::JsonString, walk.document.text, node.begin, node.end};
  if (kind != ContentKind::Text) {
    const bool recognized = kind != ContentKind::Binary;
    skip(skip_reason(recognized ? kind : declared_kind(declared)), text.size() - content_at);
    // Without a known format it may not be base64 at all, whatever is declared: the string as it
    // stands is scanned too.
    opened = recognized;
    return opened ? add_span(text.substr(0, content_at), walk.path, policy::SpanRole::Text, whole)
                  : Failure{};
  }
  if (content->bytes.starts_with("%PDF-"))
    skip(skip_reason(ContentKind::Pdf), text.size() - content_at);
  opened = true;
  std::string_view decoded;
  if (auto failure = keep(content->bytes, decoded)) return failure;
  if (auto failure = add_span(text.substr(0, content_at), walk.path, policy::SpanRole::Text, whole))
    return failure;
  const std::uint32_t nested = result_.tree.add({.place = NestedText::Place::JsonString,
                                                 .text = decoded,
                                                 .parent = walk.document.text,
                                                 .begin = node.begin,
                                                 .end = node.end,
                                                 .base64 = true,
                                                 .url_alphabet = content->url_alphabet,
                                                 .padded = content->padded,
                                                 .base64_begin = content_at,
                                                 .base64_end = text.size()});
  result_.coverage.decoded += decoded.size();
  std::string location = walk.path + "#base64";
  const bool nests =
      walk.document.nesting < limits_.max_nested_documents && begins_like_json(decoded);
  if (nests &&
      enqueue(nested, location, walk.value_in_tool(node.parent), walk.document.nesting + 1))
    return {};
  return add_span(decoded, std::move(location), policy::SpanRole::Text,
                  {SpanPlace::Kind::Range, nested, 0, decoded.size()});
}

// ---------------------------------------------------------------- other bodies

bool Extractor::lines_are_json(std::string_view text) const {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (!JsonIndex::parse(line, json_limits())) return false;
  }
  return true;
}

Extractor::Failure Extractor::read_lines(std::uint32_t text, const std::string& location) {
  const std::string_view lines = result_.tree.text(text).text;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < lines.size(); ++number) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    const std::string_view line = lines.substr(begin, end - begin);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
      const std::uint32_t nested = result_.tree.add({.place = NestedText::Place::Range,
                                                     .text = line,
                                                     .parent = text,
                                                     .begin = begin,
                                                     .end = end});
      if (auto failure = read_json(nested, location + "/" + std::to_string(number), false)) {
        failure->what = "line " + std::to_string(number + 1) + ": " + failure->what;
        return failure;
      }
    }
    begin = end + 1;
  }
  return {};
}

Extractor::Failure Extractor::read_text(std::uint32_t text, const std::string& location) {
  const std::string_view bytes = result_.tree.text(text).text;
  if (begins_like_json(bytes)) {
    if (enqueue(text, location, false, 0)) return walk_queue();
    if (lines_are_json(bytes)) return read_lines(text, location);
  }
  return add_span(bytes, location, policy::SpanRole::Text,
                  {SpanPlace::Kind::Range, text, 0, bytes.size()});
}

Extractor::Failure Extractor::read_by_content(std::uint32_t text, const std::string& location) {
  const std::string_view bytes = result_.tree.text(text).text;
  const ContentKind kind = sniff(bytes);
  const bool pdf = kind == ContentKind::Text && bytes.starts_with("%PDF-");
  if (kind != ContentKind::Text || pdf)
    skip(skip_reason(pdf ? ContentKind::Pdf : kind), bytes.size());
  return kind == ContentKind::Text ? read_text(text, location) : Failure{};
}

Extractor::Failure Extractor::read_multipart(std::string_view content_type, std::size_t begin,
                                             std::size_t end) {
  const std::string_view body = result_.tree.text(0).text.substr(begin, end - begin);
  const auto parts = parse_multipart(content_type, body);
  if (!parts) return ExtractionError{400, parts.error()};
  std::size_t number = 0;
  for (const BodyPart& part : *parts) {
    const std::string location = "/" + std::to_string(number++);
    if (auto failure =
            add_span(body.substr(part.head_begin, part.head_end - part.head_begin),
                     location + "#head", policy::SpanRole::Text,
                     {SpanPlace::Kind::Range, 0, begin + part.head_begin, begin + part.head_end})) {
      return failure;
    }
    if (part.encoded) {
      skip("transfer_encoding", part.content_end - part.content_begin);
      continue;
    }
    // RFC 7578 §4.4: without a type a part is text; files come so too, whatever they are.
    const std::string type =
        part.content_type.empty() ? "application/octet-stream" : part.content_type;
    if (auto failure =
            read(type, begin + part.content_begin, begin + part.content_end, location, true))
      return failure;
  }
  return {};
}

std::optional<ExtractionError> Extractor::read(std::string_view content_type, std::size_t begin,
                                               std::size_t end, const std::string& location,
                                               bool part_of_multipart) {
  if (begin == end) return {};
  const std::string type = media_type(content_type);
  if (type.starts_with("multipart/") && !part_of_multipart)
    return read_multipart(content_type, begin, end);
  std::uint32_t text = 0;
  const std::string_view bytes = result_.tree.text(0).text.substr(begin, end - begin);
  if (part_of_multipart) {
    text = result_.tree.add({.place = NestedText::Place::Range,
                             .text = bytes,
                             .parent = 0,
                             .begin = begin,
                             .end = end});
  }
  switch (content_class(type)) {
    case ContentClass::Json:
      return read_json(text, location, !part_of_multipart);
    case ContentClass::JsonLines:
      return read_lines(text, location);
    case ContentClass::Text: {
      if (!is_utf8_charset(media_parameter(content_type, "charset"))) {
        skip("charset", bytes.size());
        return {};
      }
      return read_text(text, location);
    }
    case ContentClass::Opaque:
      return read_by_content(text, location);
    case ContentClass::Unknown:
      break;
  }
  if (begins_like_json(bytes) && enqueue(text, location, false, 0)) {
    queue_.back().outermost = !part_of_multipart;
    return walk_queue();
  }
  skip("unknown_content_type", bytes.size());
  return {};
}

}  // namespace customhouse::provider
