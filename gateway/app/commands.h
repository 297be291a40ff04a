// The commands, one function each; cli.cc turns argv into their options. Every one returns an exit
// code of DESIGN §5.1, writes its answer to standard output and complaints to standard error.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/app/client_environment.h"

namespace customhouse::app {

struct ServeOptions {
  std::string config;
};
int run_serve(const ServeOptions& options);

struct EnvOptions {
  std::string config;
  Shell shell = Shell::Sh;
};
int run_env(const EnvOptions& options);

struct ExecOptions {
  std::string config;
  std::vector<std::string> command;
};
/// Replaces this process; returns 127 (not found) or 126 (not executable) if that fails.
int run_exec(const ExecOptions& options);

struct ScanOptions {
  std::string config;
  std::string policy;  // instead of the configuration's policies
  bool jsonl = false;
  bool explain = false;
};
int run_scan(const ScanOptions& options);

struct RedactOptions {
  std::string config;
  std::string policy;
  std::string api = "text";
};
/// Names that --api takes.
std::vector<std::string> redact_api_names();
/// 1 if policy blocks the text: then nothing is printed.
int run_redact(const RedactOptions& options);

struct AuditListOptions {
  std::string config;
  std::string since, until;                    // RFC 3339 or the front of one, or an age as in "2h"
  std::map<std::string, std::string> filters;  // name of an audit::IndexField -> value; "": any
  std::optional<std::uint64_t> after, before;  // seq, both ends out: where the last page stopped
  std::optional<std::uint64_t> limit;  // newest so many (behind `after`: the first); 50 in a table
  bool newest_first = false;
  bool json = false;
  bool follow = false;
};
int run_audit_list(const AuditListOptions& options);

struct AuditFacetsOptions {
  std::string config;
  std::string field;  // only this one
  std::uint64_t limit = 10;
  bool json = false;
};
int run_audit_facets(const AuditFacetsOptions& options);

struct AuditReindexOptions {
  std::string config;
};
int run_audit_reindex(const AuditReindexOptions& options);

struct AuditShowOptions {
  std::string config;
  std::string what;  // seq, or id of an exchange
};
int run_audit_show(const AuditShowOptions& options);

struct AuditProofOptions {
  std::string config;
  std::string seq;
  std::string folder = ".";  // where the two files go
};
int run_audit_prove(const AuditProofOptions& options);

struct AuditCheckOptions {
  std::string record, proof;  // files
  std::string key;            // verifier key, as `audit key` prints it
};
/// 1 if the proof does not hold.
int run_audit_check(const AuditCheckOptions& options);

struct AuditVerifyOptions {
  std::string config;
  std::string ledger, checkpoints, key;  // instead of the configuration's
};
/// 1 if anything is damaged.
int run_audit_verify(const AuditVerifyOptions& options);

struct AuditKeyOptions {
  std::string config;
};
int run_audit_key(const AuditKeyOptions& options);

struct AuditGapOptions {
  std::string config;
  std::string reason;
};
int run_audit_gap(const AuditGapOptions& options);

struct CaOptions {
  std::string config;
  std::string out;  // export: file to write; empty: standard output
};
int run_ca_show(const CaOptions& options);
int run_ca_export(const CaOptions& options);

struct PolicyCheckOptions {
  std::string config;
  std::vector<std::string> files;  // instead of the configuration's policies
};
int run_policy_check(const PolicyCheckOptions& options);

struct PolicyListOptions {
  std::string config;
  std::string policy;  // instead of the configuration's policies
  bool json = false;
};
int run_policy_list(const PolicyListOptions& options);

struct DoctorOptions {
  std::string config;
};
int run_doctor(const DoctorOptions& options);

}  // namespace customhouse::app
