#include "policy/placeholders.h"

#include <algorithm>
#include <utility>

#include "policy/pseudonym.h"
#include "policy/text.h"

namespace customhouse::policy {
namespace {

/// End of the placeholder that begins at the bracket, 0 if there is none.
std::size_t placeholder_end(std::string_view text, std::size_t begin) noexcept {
  if (begin + 1 >= text.size() || !is_upper(text[begin + 1])) return 0;
  const std::size_t limit = std::min(text.size(), begin + kMaxPlaceholderBytes);
  const auto is_tag = [](char c) { return hex_value(c) >= 0 && !is_upper(c); };
  const auto is_name = [](char c) { return is_upper(c) || is_digit(c) || c == '_'; };
  std::size_t close = begin + 1;
  while (close < limit && (is_name(text[close]) || is_tag(text[close]))) ++close;
  if (close >= limit || text[close] != ']') return 0;
  std::size_t tag = close;
  while (tag > begin && is_tag(text[tag - 1])) --tag;
  const std::size_t digits = close - tag;
  if (digits < 8 || digits % 8 != 0 || tag < begin + 3 || text[tag - 1] != '_') return 0;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(begin) + 1,
                     text.begin() + static_cast<std::ptrdiff_t>(tag), is_name)
             ? close + 1
             : 0;
}

bool has_alnum(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return is_alnum(c) || !is_ascii(c); });
}

}  // namespace

std::vector<PlaceholderPlace> find_placeholders(std::string_view text) {
  std::vector<PlaceholderPlace> places;
  for (std::size_t at = text.find('['); at != std::string_view::npos; at = text.find('[', at)) {
    const std::size_t end = placeholder_end(text, at);
    if (end != 0) places.push_back({at, end});
    at = end != 0 ? end : at + 1;
  }
  return places;
}

void keep_placeholders(std::string_view text, std::vector<Finding>& findings) {
  if (findings.empty()) return;
  const auto places = find_placeholders(text);
  if (places.empty()) return;
  std::vector<Finding> kept;
  auto place = places.begin();
  for (Finding& finding : findings) {
    while (place != places.end() && place->end <= finding.begin) ++place;
    if (place == places.end() || place->begin >= finding.end) {
      kept.push_back(std::move(finding));
      continue;
    }
    // Pieces between placeholders, if there is anything in them.
    std::size_t begin = finding.begin;
    for (auto inner = place; begin < finding.end; ++inner) {
      const bool last = inner == places.end() || inner->begin >= finding.end;
      const std::size_t end = last ? finding.end : std::max(begin, inner->begin);
      if (end > begin && has_alnum(text.substr(begin, end - begin))) {
        Finding piece = finding;
        piece.begin = begin;
        piece.end = end;
        piece.normalized = std::string(text.substr(begin, end - begin));
        piece.encoded = {};
        kept.push_back(std::move(piece));
      }
      if (last) break;
      begin = inner->end;
    }
  }
  findings = std::move(kept);
}

}  // namespace customhouse::policy
