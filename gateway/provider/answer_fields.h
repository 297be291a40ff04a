// What the strings of an answer's event mean: which continue a text, which are complete, and which
// texts an event ends. Read off the event itself, so that it works for every provider that speaks
// the shape, whatever path it was asked on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/provider/json_index.h"
#include "gateway/provider/text_channel.h"

namespace customhouse::provider {

struct DeltaField {
  std::uint32_t node = 0;
  std::string channel;  // "c0/content", "a1/text", "r0/0//response.output_text", …
  TextUse use = TextUse::Prose;
  bool last = false;  // the event says itself that the text ends with it
};

struct CompleteField {
  std::uint32_t node = 0;
  TextUse use = TextUse::Prose;
  std::uint32_t arguments = kNoNode;  // the container that holds the whole call's arguments
};

struct EventFields {
  std::vector<DeltaField> deltas;
  std::vector<CompleteField> complete;
  /// Channels whose name begins so end before this event, but for those with a delta of their own
  /// in it (these have `last`); "" means all.
  std::vector<std::string> ended;
  /// Strings that a repetition of the event must not repeat: ids, names, roles beside deltas.
  std::vector<std::uint32_t> once;
};

/// `root` is the node of the event's object (0, or an element of a streamed array).
EventFields read_event(const JsonIndex& index, std::uint32_t root);

}  // namespace customhouse::provider
