#include "policy/finding.h"

#include "policy/base64.h"

namespace customhouse::policy {

std::string_view to_string(Confidence confidence) noexcept {
  switch (confidence) {
    case Confidence::Low:
      return "low";
    case Confidence::Medium:
      return "medium";
    case Confidence::High:
      return "high";
    case Confidence::Certain:
      return "certain";
  }
  return "low";
}

std::string Finding::Encoded::encode(std::string_view text) const {
  switch (kind) {
    case Kind::None:
      return std::string(text);
    case Kind::Base64:
      return encode_base64(text, false, padded);
    case Kind::Base64Url:
      return encode_base64(text, true, padded);
    case Kind::Hex:
      return encode_hex(text);
  }
  return std::string(text);
}

}  // namespace customhouse::policy
