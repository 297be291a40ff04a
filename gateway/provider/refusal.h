// Errors in the shape of the API in use (DESIGN §5.3), so that SDKs show them to people.
#pragma once

#include <string>
#include <string_view>

#include "gateway/provider/operation.h"

namespace customhouse::provider {

/// JSON body for an error answered by the gateway. `code` is a short machine word
/// ("customhouse_policy_block"); `message` is for people.
std::string error_body(Family family, int status, std::string_view code, std::string_view message);

}  // namespace customhouse::provider
