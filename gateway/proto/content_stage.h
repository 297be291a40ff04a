// One content coding as a stream. Private to the ContentDecoder.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string_view>

#include "gateway/proto/content_coding.h"

namespace customhouse::proto {

struct CodingStep {
  std::size_t consumed = 0;
  std::size_t produced = 0;
};

class ContentDecoder::Stage {
 public:
  virtual ~Stage() = default;
  /// Decodes from the front of `input` into `output`. Neither consumed nor produced anything: needs
  /// more input. The error is 400 and quotes nothing.
  virtual std::expected<CodingStep, ProtocolError> step(std::string_view input,
                                                        std::span<char> output) = 0;
  /// Whether the input so far is a whole number of streams (none at all counts: an empty body).
  virtual bool complete() const noexcept = 0;
};

/// `coding` without case. nullptr if it is not one we decode. Memory of the codec is taken at its
/// first byte.
std::unique_ptr<ContentDecoder::Stage> make_stage(std::string_view coding);

}  // namespace customhouse::proto
