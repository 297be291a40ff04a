// What every match of a pattern must look like, read off the pattern: lets the gate pass over text
// in which it cannot match.
#pragma once

#include <bitset>
#include <cstddef>
#include <string_view>

namespace customhouse::policy {

struct PatternFacts {
  static constexpr std::size_t kUnbounded = 1 << 20;

  std::bitset<256> first;         // bytes that a match may begin with
  std::size_t fewest_digits = 0;  // a match has at least (at most) so many bytes 0-9
  std::size_t most_digits = kUnbounded;
  bool needs_letter = false;  // every match has an ASCII letter (a '+')
  bool needs_plus = false;
};

/// Sound for any RE2 pattern matched byte by byte: syntax that is not understood gives facts that
/// allow everything.
PatternFacts pattern_facts(std::string_view pattern);

}  // namespace customhouse::policy
