// Small files of the gateway's own: read bounded, written whole or not at all.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace customhouse::app {

inline constexpr std::size_t kMaxFileBytes = 16u << 20;  // configuration, policies, CA stores

/// Reads a regular file of at most `max_bytes`. The error names file and cause.
std::expected<std::string, std::string> read_file(const std::string& path,
                                                  std::size_t max_bytes = kMaxFileBytes);

/// Temporary file beside `path`, fsync, rename, fsync of the folder: readers see the old or the new
/// content, also after power loss.
std::expected<void, std::string> write_file(const std::string& path, std::string_view content,
                                            mode_t mode);

/// Makes the folder and what lacks above it, with mode 0700.
std::expected<void, std::string> make_folder(const std::string& path);

/// `path` if absolute, else under `base`, with "." and ".." resolved by name.
std::string resolve_path(const std::string& base, const std::string& path);
std::string folder_of(const std::string& path);

}  // namespace customhouse::app
