#include "policy/validators.h"

#include <algorithm>
#include <vector>

namespace customhouse::policy {

std::span<const NamedValidator> validators() noexcept {
  static const std::vector<NamedValidator> kAll = [] {
    std::vector<NamedValidator> all;
    for (const auto table :
         {address_validators(), bank_validators(), contact_validators(), crypto_validators(),
          device_validators(), medical_validators(), european_validators(), number_validators(),
          password_validators(), payment_validators(), people_validators(),
          private_key_validators(), secret_validators(), world_validators()}) {
      all.insert(all.end(), table.begin(), table.end());
    }
    std::ranges::sort(all, {}, &NamedValidator::name);
    return all;
  }();
  return kAll;
}

Validator find_validator(std::string_view name) noexcept {
  const auto all = validators();
  const auto found = std::ranges::lower_bound(all, name, {}, &NamedValidator::name);
  return found != all.end() && found->name == name ? found->function : nullptr;
}

}  // namespace customhouse::policy
