#include "policy/edit.h"

#include <stdexcept>

namespace customhouse::policy {

std::string apply_edits(std::string_view text, std::span<const Edit> edits) {
  std::size_t length = text.size();
  std::size_t done = 0;
  for (const Edit& edit : edits) {
    if (edit.begin < done || edit.end < edit.begin || edit.end > text.size()) {
      throw std::logic_error("edits are not sorted, disjoint and inside the text");
    }
    length = length - (edit.end - edit.begin) + edit.text.size();
    done = edit.end;
  }
  std::string result;
  result.reserve(length);
  done = 0;
  for (const Edit& edit : edits) {
    result.append(text, done, edit.begin - done).append(edit.text);
    done = edit.end;
  }
  return result.append(text.substr(done));
}

}  // namespace customhouse::policy
