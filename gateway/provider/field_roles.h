// What fields mean by their names, in the message shapes we know. Names only ever add meaning:
// a string is scanned whatever its field is called.
#pragma once

#include <string_view>

namespace customhouse::provider {

/// Ids, signatures, encrypted blobs and enumerations: replacing parts of them breaks the request.
bool is_identifier_field(std::string_view name) noexcept;

/// Fields whose string may be bare base64 (no data: URL).
bool may_carry_base64(std::string_view name) noexcept;

/// Whether an object with this "type" holds a tool call's arguments under "input".
bool is_tool_call_type(std::string_view type) noexcept;

/// Whether a field always holds a tool call's arguments.
bool is_arguments_field(std::string_view name) noexcept;

/// Whether an object of this name holds them under "args".
bool is_function_call_field(std::string_view name) noexcept;

/// A key as it may stand in a location, hence in the ledger: keys of data may be values
/// themselves ("jane@example.com": …), those come as "*".
std::string_view location_segment(std::string_view key) noexcept;

}  // namespace customhouse::provider
