// The text of JSON strings: decoding, escaping, and edits mapped from decoded to raw bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/edit.h"

namespace customhouse::provider {

/// Length of the well-formed UTF-8 sequence at the front of `text` (RFC 3629), 0 if there is none.
std::size_t utf8_sequence_length(std::string_view text) noexcept;
bool is_valid_utf8(std::string_view text) noexcept;

/// Undoes the escapes of a string's raw body (without its quotes), which the scanner has accepted.
/// Writes at most raw.size() bytes to `out`; returns how many.
std::size_t decode_json_string(std::string_view raw, char* out) noexcept;
std::string decode_json_string(std::string_view raw);

/// Appends `text` as it stands inside a JSON string: quotes, backslashes and control characters
/// are escaped, UTF-8 is kept.
void append_json_escaped(std::string& out, std::string_view text);
std::string json_escaped(std::string_view text, int times = 1);

/// Edits in the decoded text of `raw` become edits of `raw` itself, their text escaped. An edge
/// inside the bytes of one escape moves outwards to the escape's edge. One pass over `raw`.
/// `edits` are sorted and disjoint, as are the results; `base` is added to every offset.
std::vector<policy::Edit> edits_in_raw(std::string_view raw, std::span<const policy::Edit> edits,
                                       std::size_t base);

}  // namespace customhouse::provider
