// Puts back into an answer what was taken out of the prompt, as it streams (promise 4).
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/proto/http1.h"
#include "gateway/provider/operation.h"
#include "policy/decision.h"

namespace customhouse::provider {

/// One per answer. Bytes in, bytes out; what holds no placeholder leaves bit-identical, and the
/// output does not depend on how the input was cut. Holds back at most what may be the beginning of
/// one of `entries`' placeholders, per channel (choice, output item, content block, tool call;
/// text, reasoning, refusal, arguments), except SameHost values in tool arguments, which wait for
/// the call's end. Placeholders not in `entries` are left alone.
class AnswerRestorer {
 public:
  /// `content_type` of the answer selects SSE, JSON (also a streamed JSON array), or text.
  /// With no entries everything passes through unparsed. `entries` is copied and wiped on
  /// destruction.
  static std::unique_ptr<AnswerRestorer> create(const Operation& operation,
                                                std::string_view content_type,
                                                const std::vector<policy::RestoreEntry>& entries);
  virtual ~AnswerRestorer() = default;

  /// Appends what may be sent on to `out`. An error (event or document over its limit) means the
  /// answer must be cut off visibly.
  virtual std::expected<void, proto::ProtocolError> feed(std::string_view bytes,
                                                         std::string& out) = 0;
  /// End of the answer: appends what is held. `truncated`: the upstream broke off; held bytes are
  /// given out as they are, and no event is completed or invented.
  virtual void finish(bool truncated, std::string& out) = 0;
  /// How many placeholders were put back.
  std::uint64_t restored() const noexcept { return restored_; }

 protected:
  std::uint64_t restored_ = 0;
};

}  // namespace customhouse::provider
