// The walk over a body that finds its strings. Private to extraction.cc and extractor.cc.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/provider/body_tree.h"
#include "gateway/provider/encoded_content.h"
#include "gateway/provider/extraction.h"
#include "gateway/provider/json_index.h"

namespace customhouse::provider {

struct Extraction::Implementation {
  explicit Implementation(std::string_view body) : tree(body), body_bytes(body.size()) {}

  BodyTree tree;
  std::size_t body_bytes;
  std::vector<policy::TextSpan> spans;
  std::vector<SpanPlace> places;                 // of the spans
  std::vector<std::unique_ptr<char[]>> decoded;  // texts that stand nowhere in the body as they are
  policy::Coverage coverage;
  std::string model;
  bool stream = false;
};

/// Fills an Implementation. Texts found inside others wait in a queue: no recursion.
class Extractor {
 public:
  Extractor(Extraction::Implementation& result, const ExtractionLimits& limits)
      : result_(result), limits_(limits) {}

  /// Reads the range [begin, end) of the body as content of this type. `location` is its name.
  std::optional<ExtractionError> read(std::string_view content_type, std::size_t begin,
                                      std::size_t end, const std::string& location,
                                      bool part_of_multipart);
  /// Adds up the coverage. Call once, last.
  void finish();

 private:
  using Failure = std::optional<ExtractionError>;
  struct Document {  // a JSON text that waits to be walked
    std::uint32_t text = 0;
    JsonIndex index;
    std::string location;
    bool tool = false;       // stands in a tool call's arguments
    bool outermost = false;  // the body itself
    std::size_t nesting = 0;
  };
  struct Walk;  // position in one document

  Failure read_json(std::uint32_t text, std::string location, bool outermost);
  Failure read_lines(std::uint32_t text, const std::string& location);
  Failure read_multipart(std::string_view content_type, std::size_t begin, std::size_t end);
  Failure read_text(std::uint32_t text, const std::string& location);
  Failure read_by_content(std::uint32_t text, const std::string& location);
  bool lines_are_json(std::string_view text) const;
  Failure walk_queue();
  Failure walk(const Document& document);
  Failure visit_container(Walk& walk, std::uint32_t at);
  Failure visit_string(Walk& walk, std::uint32_t at, std::string_view text);
  Failure open_base64(Walk& walk, const JsonNode& node, std::string_view text,
                      std::size_t content_at, std::string_view declared, bool& opened);
  bool open_json(Walk& walk, const JsonNode& node, std::string_view text);
  bool enqueue(std::uint32_t text, std::string location, bool tool, std::size_t nesting);
  Failure add_span(std::string_view text, std::string location, policy::SpanRole role,
                   const SpanPlace& place);
  Failure keep(std::string_view text, std::string_view& kept);
  Failure spend(std::size_t decoded_bytes);
  void skip(std::string_view reason, std::size_t bytes);
  JsonLimits json_limits() const noexcept;

  Extraction::Implementation& result_;
  const ExtractionLimits& limits_;
  std::deque<Document> queue_;
  std::size_t nodes_ = 0;    // of all indexes made
  std::size_t decoded_ = 0;  // bytes of decoded text kept
};

}  // namespace customhouse::provider
