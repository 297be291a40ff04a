// The key behind every placeholder: 32 random bytes in data_dir/pseudonym.key, mode 0600. Whoever
// has it can test guesses of values against placeholders; who loses it changes all placeholders.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "policy/pseudonym.h"

namespace customhouse::app {

using PseudonymKeyPtr = std::shared_ptr<const policy::PseudonymKey>;

std::string pseudonym_key_path(const std::string& data_dir);

/// nullptr if there is none. Refuses a file that others may read, that belongs to somebody else,
/// or that has not 32 bytes.
std::expected<PseudonymKeyPtr, std::string> load_pseudonym_key(const std::string& data_dir);
std::expected<PseudonymKeyPtr, std::string> load_or_create_pseudonym_key(
    const std::string& data_dir);
/// One that is forgotten with the process.
std::expected<PseudonymKeyPtr, std::string> ephemeral_pseudonym_key();

}  // namespace customhouse::app
