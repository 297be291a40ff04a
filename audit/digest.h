// SHA-256 of what was sent: names a body in the ledger without keeping it.
#pragma once

#include <string>
#include <string_view>

namespace customhouse::audit {

std::string sha256_hex(std::string_view bytes);

}  // namespace customhouse::audit
