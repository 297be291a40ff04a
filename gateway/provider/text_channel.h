// One text that arrives in pieces: finds placeholders across them and says what to edit.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/provider/placeholder_set.h"
#include "policy/edit.h"

namespace customhouse::provider {

enum class TextUse : std::uint8_t {
  Prose,          // text, reasoning, refusals
  ToolText,       // a tool call's input that is no JSON
  ToolArguments,  // a tool call's arguments as JSON
};

/// Follows JSON text character by character and knows in how many strings, one inside the other,
/// it stands: so many times a value must be escaped. Text that is no JSON document has depth 0.
class EscapeDepth {
 public:
  void feed(std::string_view text) noexcept;
  /// 0 if the text so far cannot be a JSON document.
  int depth() const noexcept;

 private:
  static constexpr int kLevels = 4;
  struct Level {
    char first = 0, second = 0;  // first two characters that are no white space
    bool in_string = false;
    bool escape = false;
    int hex_left = 0;  // digits of a \u escape still to come
    unsigned hex = 0;
  };
  void feed_level(int level, char c) noexcept;
  bool is_document(int level) const noexcept;
  /// The first characters say that no document stands here, whatever follows.
  bool never_document() const noexcept;
  Level levels_[kLevels];
};

/// Which host-bound values may stand in which arguments: texts that belong to the same arguments
/// share one, so that each value is judged once. Lives no longer than the arguments' text.
using HostVerdicts = std::map<std::pair<const policy::RestoreEntry*, const char*>, bool>;

class TextChannel {
 public:
  TextChannel(const PlaceholderSet& placeholders, TextUse use)
      : placeholders_(&placeholders), use_(use) {}

  /// The edits that turn this piece into what is sent in its place; with `last` nothing is held.
  /// `whole`: all arguments, if they are known (a complete answer); else what the channel has seen.
  std::vector<policy::Edit> append(std::string_view piece, bool last, std::uint64_t& restored,
                                   std::string_view whole = {}, HostVerdicts* shared = nullptr);
  /// Ends the channel: the text still held, restored if that is decided now.
  std::string finish(std::uint64_t& restored);
  /// The held text as it came.
  std::string take_raw();
  bool holds() const noexcept { return !held_.empty(); }

 private:
  std::string value_of(const policy::RestoreEntry& entry);
  bool allowed(const policy::RestoreEntry& entry, std::string_view behind, std::string_view whole,
               HostVerdicts& verdicts);
  void pass(std::string_view text);

  const PlaceholderSet* placeholders_;
  TextUse use_;
  std::string held_;       // came but was not given out
  bool waiting_ = false;   // held_ begins with a placeholder whose fate the call's end decides
  bool refused_ = false;   // held more than the limit: host-bound values of this call stay out
  std::string arguments_;  // tool uses: everything that came, for the decision about hosts
  std::string run_;        // prose: the URL since the last white space, from its "://" on
  EscapeDepth depth_;
};

}  // namespace customhouse::provider
