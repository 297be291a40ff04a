// What policy decided about one request. Immutable once made; see evaluator.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/finding.h"
#include "policy/span.h"

namespace customhouse::policy {

enum class Action : std::uint8_t { Allow, Redact, Divert, Block };  // ordered by strictness
std::string_view to_string(Action action) noexcept;                 // "allow", "redact", …

/// Where a replaced value may come back in the answer (DESIGN §5.4).
enum class Restore : std::uint8_t {
  Everywhere,
  Text,      // text and reasoning, never inside tool arguments
  SameHost,  // as Everywhere, but never inside a URL or beside a URL in tool arguments whose host
             // is not among `hosts`: the default for secrets (prompt injection would carry them
             // off)
  Never,
};

/// One replacement of text in a span: [begin, end) in bytes of TextSpan::text.
/// Per span sorted and disjoint.
struct Replacement {
  std::size_t span = 0;  // index into the spans given to evaluate()
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

/// How to undo one placeholder. SENSITIVE: `value` is the text taken out; wipe after use, never
/// log.
struct RestoreEntry {
  std::string placeholder;  // "[EMAIL_ADDRESS_1a2b3c4d]"
  std::string value;
  Restore restore = Restore::Everywhere;
  std::vector<std::string> hosts;  // SameHost: hosts of the URLs in the span the value came from
};

/// Findings added up for the record: never a value.
struct FindingSummary {
  std::string type;
  std::string rule;      // the rule that decided about it
  std::string location;  // JSON pointer of the span
  std::uint64_t count = 0;
};

struct Decision {
  Action action = Action::Allow;
  std::vector<std::string> rules;  // ids of the rules that led to the action, in policy order
  std::string policy_digest;       // SHA-256, hex, of the rule set
  std::string reason;              // for the client of a block: names rule and type, never a value
  std::vector<FindingSummary> findings;
  std::vector<Replacement> replacements;  // sorted by span, then begin
  std::vector<RestoreEntry> restores;
};

}  // namespace customhouse::policy
