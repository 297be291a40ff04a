// Files that hold a key: read only if nobody else could have read or put them there.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>

namespace customhouse::app {

/// Nothing if there is no such file. Refuses what is no regular file, belongs to somebody else, may
/// be read by others, or is longer than `max_bytes`. The caller wipes the content.
std::expected<std::optional<std::string>, std::string> read_secret_file(const std::string& path,
                                                                        std::size_t max_bytes);

}  // namespace customhouse::app
