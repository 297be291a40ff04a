// Placeholders that already stand in a text: "[TYPE_xxxxxxxx]".
#pragma once

#include <string_view>
#include <vector>

#include "policy/finding.h"

namespace customhouse::policy {

struct PlaceholderPlace {
  std::size_t begin = 0, end = 0;
};

/// Ascending, disjoint.
std::vector<PlaceholderPlace> find_placeholders(std::string_view text);

/// Takes out of the findings what is a placeholder: redacting twice changes nothing.
void keep_placeholders(std::string_view text, std::vector<Finding>& findings);

}  // namespace customhouse::policy
