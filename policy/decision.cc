#include "policy/decision.h"

namespace customhouse::policy {

std::string_view to_string(Action action) noexcept {
  switch (action) {
    case Action::Allow:
      return "allow";
    case Action::Redact:
      return "redact";
    case Action::Divert:
      return "divert";
    case Action::Block:
      return "block";
  }
  return "block";
}

}  // namespace customhouse::policy
