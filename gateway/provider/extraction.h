// Message body -> text spans, and back with edits. Pure, byte-exact (promise 3).
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/provider/operation.h"
#include "policy/decision.h"
#include "policy/span.h"

namespace customhouse::provider {

struct ExtractionLimits {
  std::size_t max_depth = 256;  // nesting of JSON; stack and quadratic paths
  std::size_t max_strings = 500'000;
  std::size_t max_nested_documents = 8;              // JSON in a string in JSON in a string …
  std::size_t max_decoded_bytes = 64 * 1024 * 1024;  // all decoded text together
};

/// A body that cannot be read safely. The caller answers 400 (or 413) and sends nothing.
struct ExtractionError {
  int status = 400;
  std::string what;  // "not JSON: … at byte 17"; never quotes the body
};

/// The strings of one request body. Owns all storage its spans point into, but not the body:
/// `body` must outlive it unchanged. Move-only.
class Extraction {
 public:
  const std::vector<policy::TextSpan>& spans() const noexcept;
  const policy::Coverage& coverage() const noexcept;
  const std::string& model() const noexcept;  // as named in body or path; empty if none
  bool wants_stream() const noexcept;         // "stream": true, or streamGenerateContent

  /// The body with the replacements made: nothing else changes. Replacement text is escaped for
  /// where it stands (JSON, JSON in JSON, base64).
  std::string apply(std::span<const policy::Replacement> replacements) const;

  Extraction(Extraction&&) noexcept;
  Extraction& operator=(Extraction&&) noexcept;
  ~Extraction();

  struct Implementation;
  explicit Extraction(std::unique_ptr<Implementation> implementation);

 private:
  std::unique_ptr<Implementation> implementation_;
};

/// Every string of the body becomes a span: object keys, known and unknown fields, strings that
/// are JSON themselves (opened again), data: URLs and base64 document sources (decoded if text).
/// Content types: application/json and +json (strict RFC 8259; truncated, trailing bytes, invalid
/// UTF-8, duplicate keys at one level, depth over the limit are errors), application/x-ndjson and
/// jsonl line by line, multipart/form-data (text parts and JSON/JSONL/plain files scanned),
/// text/* and x-www-form-urlencoded as text; anything else is counted as skipped.
/// An empty body has no spans.
std::expected<Extraction, ExtractionError> extract(const Operation& operation,
                                                   std::string_view path,
                                                   std::string_view content_type,
                                                   std::string_view body,
                                                   const ExtractionLimits& limits);

}  // namespace customhouse::provider
