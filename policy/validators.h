// What a pattern cannot say: check digits, ranges, neighbours. Rule files name these functions.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/finding.h"

namespace customhouse::policy {

/// A place where a pattern matched. A validator may narrow or widen [begin, end) inside `text`.
struct Candidate {
  std::string_view text;
  std::size_t begin = 0;
  std::size_t end = 0;
  bool context = false;  // a context word of the detector stands near

  std::string_view value() const noexcept { return text.substr(begin, end - begin); }
};

struct Verdict {
  bool accepted = false;
  std::optional<Confidence> confidence;  // instead of the detector's own
  std::string normalized;                // empty: the value as it stands

  static Verdict reject() { return {}; }
  static Verdict accept(std::string normalized = {},
                        std::optional<Confidence> confidence = std::nullopt) {
    return {true, confidence, std::move(normalized)};
  }
};

/// Pure. With context it accepts at least what it accepts without.
using Validator = Verdict (*)(Candidate&);

struct NamedValidator {
  std::string_view name;
  Validator function;
};

std::span<const NamedValidator> validators() noexcept;     // sorted by name
Validator find_validator(std::string_view name) noexcept;  // nullptr if there is none

// One table per field of knowledge.
std::span<const NamedValidator> address_validators() noexcept;
std::span<const NamedValidator> bank_validators() noexcept;
std::span<const NamedValidator> contact_validators() noexcept;
std::span<const NamedValidator> crypto_validators() noexcept;
std::span<const NamedValidator> device_validators() noexcept;
std::span<const NamedValidator> medical_validators() noexcept;
std::span<const NamedValidator> european_validators() noexcept;  // national numbers
std::span<const NamedValidator> number_validators() noexcept;
std::span<const NamedValidator> password_validators() noexcept;
std::span<const NamedValidator> payment_validators() noexcept;
std::span<const NamedValidator> people_validators() noexcept;
std::span<const NamedValidator> private_key_validators() noexcept;
std::span<const NamedValidator> secret_validators() noexcept;
std::span<const NamedValidator> world_validators() noexcept;  // national numbers outside Europe

}  // namespace customhouse::policy
