#include "gateway/provider/text_channel.h"

#include <algorithm>
#include <utility>

#include "gateway/provider/host_guard.h"
#include "gateway/provider/json_text.h"

namespace customhouse::provider {

namespace {

constexpr std::size_t kMaxHeldArguments = 4 * 1024 * 1024;
constexpr std::size_t kMaxRun = 4 * 1024;  // looked at again for each host-bound value in it

constexpr std::string_view kUrlMark = "://";

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

bool EscapeDepth::is_document(int level) const noexcept {
  const Level& at = levels_[level];
  return at.first == '{' ||
         (at.first == '[' && (at.second == '{' || at.second == '"' || at.second == '['));
}

bool EscapeDepth::never_document() const noexcept {
  const Level& outer = levels_[0];
  if (outer.first == '[') return outer.second != 0 && !is_document(0);
  return outer.first != 0 && outer.first != '{';
}

void EscapeDepth::feed(std::string_view text) noexcept {
  // Most text is prose: its first letter ends the matter.
  for (std::size_t i = 0; i < text.size() && !never_document(); ++i) feed_level(0, text[i]);
}

int EscapeDepth::depth() const noexcept {
  int depth = 0;
  while (depth < kLevels && is_document(depth) && levels_[depth].in_string) ++depth;
  return depth;
}

void EscapeDepth::feed_level(int level, char c) noexcept {
  // One character of a level is at most one of the next: no loop is longer than kLevels.
  for (; level < kLevels; ++level) {
    Level& at = levels_[level];
    if (!is_space(c)) {
      if (at.first == 0)
        at.first = c;
      else if (at.second == 0)
        at.second = c;
    }
    if (!at.in_string) {
      if (c == '"') {
        at.in_string = true;
        if (level + 1 < kLevels) levels_[level + 1] = {};
      }
      return;
    }
    if (at.hex_left > 0) {
      const unsigned digit =
          c <= '9' ? static_cast<unsigned>(c) - '0' : static_cast<unsigned>((c | 0x20) - 'a') + 10U;
      at.hex = at.hex * 16 + (digit & 0xF);
      if (--at.hex_left > 0) return;
      c = at.hex < 0x80 ? static_cast<char>(at.hex) : '?';
    } else if (at.escape) {
      at.escape = false;
      if (c == 'u') {
        at.hex_left = 4;
        at.hex = 0;
        return;
      }
      if (c == 'n' || c == 't' || c == 'r') c = ' ';
    } else if (c == '\\') {
      at.escape = true;
      return;
    } else if (c == '"') {
      at.in_string = false;
      return;
    }
  }
}

void TextChannel::pass(std::string_view text) {
  depth_.feed(text);
  if (use_ != TextUse::Prose) return;
  const std::size_t space = text.find_last_of(" \t\r\n");
  if (space != std::string_view::npos) {
    run_.clear();
    text.remove_prefix(space + 1);
  }
  if (run_.size() > kMaxRun) return;
  run_ += text;
  if (run_.starts_with(kUrlMark)) return;
  // What stands before a URL does not matter; half a mark at the end does.
  const std::size_t url = run_.find(kUrlMark);
  const std::size_t most = run_.size() - std::min(run_.size(), kUrlMark.size() - 1);
  run_.erase(0, std::min(url, most));
}

std::string TextChannel::value_of(const policy::RestoreEntry& entry) {
  int times = depth_.depth();
  // Arguments are JSON even where the model forgot the quotes: never break out of a string.
  if (use_ == TextUse::ToolArguments) times = std::max(times, 1);
  return json_escaped(entry.value, times);
}

bool TextChannel::allowed(const policy::RestoreEntry& entry, std::string_view behind,
                          std::string_view whole, HostVerdicts& verdicts) {
  switch (entry.restore) {
    case policy::Restore::Everywhere:
      return true;
    case policy::Restore::Text:
      return use_ == TextUse::Prose;
    case policy::Restore::Never:
      return false;
    case policy::Restore::SameHost:
      break;
  }
  if (use_ != TextUse::Prose) {
    const auto [verdict, added] = verdicts.try_emplace({&entry, whole.data()}, false);
    if (added) verdict->second = !refused_ && may_stand_in_arguments(whole, entry.hosts);
    return verdict->second;
  }
  if (!run_.starts_with(kUrlMark)) return true;
  if (run_.size() > kMaxRun || behind.size() > kMaxRun) return false;
  return may_stand_in_run(run_ + std::string(behind), entry.hosts);
}

std::vector<policy::Edit> TextChannel::append(std::string_view piece, bool last,
                                              std::uint64_t& restored, std::string_view whole,
                                              HostVerdicts* shared) {
  const bool tool = use_ != TextUse::Prose;
  if (tool && whole.empty()) {
    if (arguments_.size() > kMaxHeldArguments)
      refused_ = true;
    else
      arguments_ += piece;
  }
  if (waiting_ && !last) {
    held_ += piece;
    if (held_.size() <= kMaxHeldArguments) return {{0, piece.size(), {}}};
    refused_ = true;
    held_.resize(held_.size() - piece.size());
  }
  waiting_ = false;
  HostVerdicts of_this_piece;
  HostVerdicts& verdicts = shared == nullptr ? of_this_piece : *shared;
  const std::string joined = held_.empty() ? std::string{} : held_ + std::string(piece);
  const std::string_view text = joined.empty() ? piece : std::string_view(joined);
  const std::size_t before = held_.size();  // bytes of `text` that came earlier
  held_.clear();

  std::vector<policy::Edit> edits;
  std::string lead;          // what goes in front of the piece: the held text, restored
  std::size_t lead_end = 0;  // and how much of the piece it covers
  std::size_t done = 0;
  const auto put = [&](std::size_t begin, std::size_t end, std::string replacement) {
    if (done < before) lead += text.substr(done, std::min(begin, before) - done);
    if (begin < before) {
      lead += replacement;
      lead_end = std::max(end, before) - before;
    } else {
      edits.push_back({begin - before, end - before, std::move(replacement)});
    }
    done = end;
  };
  std::size_t passed = 0;
  for (std::size_t at = 0; at < text.size();) {
    const PlaceholderSet::Match match = placeholders_->find(text, at);
    if (match.entry == nullptr) {
      if (last || match.begin == text.size()) break;
      pass(text.substr(passed, match.begin - passed));
      passed = text.size();
      held_ = text.substr(match.begin);
      put(match.begin, text.size(), {});
      break;
    }
    pass(text.substr(passed, match.begin - passed));
    const std::size_t end = match.begin + match.entry->placeholder.size();
    passed = at = end;
    if (tool && !last && !refused_ && match.entry->restore == policy::Restore::SameHost) {
      passed = text.size();
      held_ = text.substr(match.begin);
      waiting_ = true;
      put(match.begin, text.size(), {});
      break;
    }
    const std::string_view all = whole.empty() ? std::string_view(arguments_) : whole;
    // At the end the whole run is known: the space says that nothing follows.
    std::string behind;
    if (last && !tool && match.entry->restore == policy::Restore::SameHost) {
      const std::string_view near = text.substr(end, kMaxRun + 1);
      behind = std::string(near.substr(0, near.find_first_of(" \t\r\n"))) + ' ';
    }
    if (allowed(*match.entry, behind, all, verdicts)) {
      put(match.begin, end, value_of(*match.entry));
      ++restored;
      pass("x");
    } else {
      pass(match.entry->placeholder);
    }
  }
  if (passed < text.size()) pass(text.substr(passed));
  if (before != 0) {
    if (done < before) lead += text.substr(done, before - done);
    edits.insert(edits.begin(), {0, lead_end, std::move(lead)});
  }
  return edits;
}

std::string TextChannel::finish(std::uint64_t& restored) {
  return policy::apply_edits({}, append({}, true, restored));
}

std::string TextChannel::take_raw() {
  waiting_ = false;
  return std::exchange(held_, {});
}

}  // namespace customhouse::provider
