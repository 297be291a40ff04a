// What stands where a secret could stand and is none: variables, templates, masks, code, prose.
#pragma once

#include <string_view>

namespace customhouse::policy {

/// A variable, a template, a mask or an empty value: ${X}, {{ x }}, <your key>, $(cmd), xxxx, ****.
bool is_stand_in(std::string_view value);

/// Source code that fetches, names or types a value: os.environ["X"], self.password, f(x), a->b.
bool is_code(std::string_view value);

/// A file: /run/secrets/x, ./key, ~/.ssh/id.
bool is_path(std::string_view value) noexcept;

/// Letters that follow one another as they do in languages written in Latin letters. Random tokens
/// do not: under 1 % of those with 20 characters of base 62, 3 % of those with 16 of base 36.
bool reads_like_words(std::string_view value) noexcept;

/// A word that documentation and code put where a password would be: "string", "required", "None".
bool is_common_word(std::string_view value);

/// A label or message about passwords in a user interface: "Enter your password".
bool is_password_prose(std::string_view value);

/// A password that everybody knows: "changeme", "admin".
bool is_well_known_password(std::string_view value);

}  // namespace customhouse::policy
