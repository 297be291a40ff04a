#include "gateway/proto/http_message.h"

#include <algorithm>
#include <utility>

#include "gateway/proto/http_syntax.h"

namespace customhouse::proto {

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::ranges::equal(a, b, {}, to_lower, to_lower);
}

void HeaderList::add(std::string name, std::string value) {
  fields_.push_back({std::move(name), std::move(value)});
}

void HeaderList::set(std::string_view name, std::string value) {
  const auto same = [name](const HeaderField& field) {
    return equals_ignoring_case(field.name, name);
  };
  const auto first = std::ranges::find_if(fields_, same);
  if (first == fields_.end()) return add(std::string(name), std::move(value));
  first->value = std::move(value);
  fields_.erase(std::remove_if(first + 1, fields_.end(), same), fields_.end());
}

std::size_t HeaderList::remove(std::string_view name) {
  return remove_if(
      [name](const HeaderField& field) { return equals_ignoring_case(field.name, name); });
}

const std::string* HeaderList::find(std::string_view name) const noexcept {
  for (const HeaderField& field : fields_) {
    if (equals_ignoring_case(field.name, name)) return &field.value;
  }
  return nullptr;
}

std::size_t HeaderList::count(std::string_view name) const noexcept {
  std::size_t found = 0;
  for (const HeaderField& field : fields_) found += equals_ignoring_case(field.name, name) ? 1 : 0;
  return found;
}

bool HeaderList::has_token(std::string_view name, std::string_view token) const noexcept {
  bool found = false;
  for (const HeaderField& field : fields_) {
    if (!equals_ignoring_case(field.name, name)) continue;
    for_each_element(field.value, [&](std::string_view element) {
      found = found || equals_ignoring_case(element, token);
    });
  }
  return found;
}

}  // namespace customhouse::proto
