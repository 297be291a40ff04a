// One entry of the ledger. Its canonical JSON (RFC 8785: sorted keys, integers and strings only)
// is what is stored, listed, exported and later hashed as a Merkle leaf. Field names are those of
// `customhouse audit list --json`; audit/FORMAT.md lists them. Never a prompt, value or credential.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace customhouse::audit {

inline constexpr std::size_t kMaxRecordBytes =
    16 * 1024;  // canonical JSON; longer lists are cut and say so

struct Destination {
  std::string provider, host, model, jurisdiction;
};

struct Finding {
  std::string type, rule, location;
  std::uint64_t count = 0;
};

struct Coverage {
  std::uint64_t scanned = 0, decoded = 0, skipped = 0;
  std::vector<std::pair<std::string, std::uint64_t>> reasons;  // why skipped -> bytes
};

/// A checkpoint that the log can no longer keep: its records are lost, and an operator has said so.
struct AbandonedCheckpoint {
  std::uint64_t size = 0;
  std::string root;  // base64, as in the checkpoint
};

struct Record {
  std::string kind;         // "decision" | "completion" | "refusal" | "start" | "stop" | …
  std::string exchange;     // UUIDv7
  std::string actor;        // keyed pseudonym of who sent it
  std::string application;  // from User-Agent: product/version only
  Destination destination;
  std::string method, path_class;  // "POST", API operation ("chat.completions"), never the raw path
  // decision
  std::string action;  // allow | redact | block | divert
  std::vector<std::string> rules;
  std::string policy;  // digest
  std::string reason;  // for refusals: what was wrong, never a value
  std::vector<Finding> findings;
  std::optional<Coverage> coverage;
  std::uint64_t request_bytes = 0;
  std::string sha256_sent;  // hex, of the body as sent upstream; empty if nothing was sent
  // completion
  std::optional<std::uint64_t> decision_seq;
  std::optional<int> response_status;
  std::uint64_t response_bytes = 0;
  std::uint64_t duration_ms = 0;
  std::string outcome;  // complete | client_closed | upstream_failed | truncated | shutdown | …
  std::optional<AbandonedCheckpoint> abandoned;  // in a "gap"
  // given by the log when it is appended
  std::uint64_t seq = 0;
  std::uint64_t time_us = 0;  // since the epoch; strictly increasing along the log
};

/// Canonical JSON, at most kMaxRecordBytes (findings and reasons beyond that are counted in
/// "findings_omitted"). Invalid UTF-8 in a field becomes U+FFFD.
std::string to_canonical_json(const Record& record);

/// RFC 3339, UTC, microseconds.
std::string format_time(std::uint64_t microseconds_since_epoch);

}  // namespace customhouse::audit
