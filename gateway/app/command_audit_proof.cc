// audit verify, prove, check, key and gap: whether the ledger is what was signed.
#include <pwd.h>
#include <unistd.h>

#include <cstdio>

#include "audit/tree.h"
#include "audit/verifier.h"
#include "gateway/app/app.h"
#include "gateway/app/command_support.h"
#include "gateway/app/commands.h"
#include "gateway/app/config_values.h"
#include "gateway/app/files.h"
#include "gateway/app/ledger_key_file.h"
#include "gateway/app/run_state.h"

namespace customhouse::app {
namespace {

using Verifier = std::optional<audit::NoteVerifier>;

constexpr std::size_t kMaxProofBytes = 1u << 20;

/// The key as given, else the public half of the configuration's; nothing if there is none.
std::expected<Verifier, std::string> verifier_of(const std::string& given, const Config& config) {
  if (!given.empty()) {
    auto key = audit::NoteVerifier::parse(given);
    if (!key) return std::unexpected("--key: " + key.error());
    return std::move(*key);
  }
  const auto key = load_ledger_key(config);
  if (!key) return std::unexpected(key.error());
  if (!*key) return std::nullopt;
  return (*key)->verifier();
}

void show_progress(std::uint64_t done, std::uint64_t all) {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%llu of %llu records", static_cast<unsigned long long>(done),
               static_cast<unsigned long long>(all));
}

std::string operator_name() {
  const struct passwd* user = ::getpwuid(::geteuid());
  return "operator:" + (user != nullptr ? std::string(user->pw_name) : std::to_string(::geteuid()));
}

}  // namespace

int run_audit_verify(const AuditVerifyOptions& options) {
  const auto config = load_config_or_complain(options.config);
  if (!config) return kExitUsage;
  const auto key = verifier_of(options.key, *config);
  if (!key) {
    complain(key.error());
    return kExitUsage;
  }
  const std::string folder = options.ledger.empty() ? config->audit.directory : options.ledger;
  auto reader = audit::open_rocksdb_reader(folder);
  if (!reader) {
    // RocksDB's word for bytes that are not those it wrote.
    const bool damaged = reader.error().starts_with("Corruption");
    complain((damaged ? "DAMAGED  the ledger in " : "the ledger in ") + folder +
             " cannot be read: " + reader.error());
    return damaged ? kExitNo : kExitUsage;
  }
  audit::VerifyOptions verify;
  verify.key = *key ? &**key : nullptr;
  verify.checkpoint_file =
      options.checkpoints.empty() ? config->audit.checkpoint_file : options.checkpoints;
  verify.progress = show_progress;
  const auto report = audit::verify_ledger(**reader, verify);
  if (!report) {
    complain("the ledger cannot be read: " + report.error());
    return kExitNo;
  }
  if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
  std::string out;
  for (const auto& fault : report->faults) out += "DAMAGED  " + fault + "\n";
  out += std::string(report->faults.empty() ? "ok       " : "         ") +
         std::to_string(report->records) + " records, " + std::to_string(report->tiles) +
         " tiles, " + std::to_string(report->checkpoints) + " checkpoints";
  if (report->gaps != 0) out += ", " + std::to_string(report->gaps) + " gaps accepted";
  out += "; root " + audit::to_base64(report->root) + "\n";
  if (!*key) out += "         signatures were not checked: there is no key; give --key\n";
  if (report->checkpoints == 0)
    out += "         nothing was signed: whether records were cut off cannot be told\n";
  if (!write_standard_output(out)) return kExitNo;
  return report->faults.empty() ? kExitDone : kExitNo;
}

int run_audit_prove(const AuditProofOptions& options) {
  const auto config = load_config_or_complain(options.config);
  if (!config) return kExitUsage;
  const auto seq = parse_size(options.seq);
  if (!seq || options.seq.find_first_not_of("0123456789") != std::string::npos) {
    complain("a record has a number; customhouse audit list shows what there is");
    return kExitUsage;
  }
  const auto key = verifier_of({}, *config);
  if (!key || !*key) {
    complain(key ? "there is no key at " + config->ledger_key + ": start the gateway once"
                 : key.error());
    return kExitUsage;
  }
  auto reader = audit::open_rocksdb_reader(config->audit.directory);
  if (!reader) {
    complain("the ledger cannot be read: " + reader.error());
    return kExitUsage;
  }
  const auto record = (*reader)->get(*seq);
  if (!record || !*record) {
    complain(record ? "the ledger has no record " + options.seq + "; its last is " +
                          std::to_string((*reader)->state().size - 1)
                    : record.error());
    return kExitNo;
  }
  const auto proof = audit::prove_record(**reader, *seq, **key);
  if (!proof) {
    complain("record " + options.seq + " cannot be proved: " + proof.error());
    return kExitNo;
  }
  const std::string base = resolve_path(options.folder, options.seq);
  for (const auto& [path, content] :
       {std::pair(base + ".json", **record), std::pair(base + ".tlog-proof", proof->text())}) {
    if (const auto written = write_file(path, content, 0600); !written) {
      complain(written.error());
      return kExitUsage;
    }
  }
  const std::string out = base + ".json\n" + base + ".tlog-proof\nCheck them with:\n" +
                          "  customhouse audit check " + base + ".json " + base +
                          ".tlog-proof --key '" + (*key)->encoded() + "'\n";
  return write_standard_output(out) ? kExitDone : kExitNo;
}

int run_audit_check(const AuditCheckOptions& options) {
  const auto key = audit::NoteVerifier::parse(options.key);
  const auto record = read_file(options.record, kMaxProofBytes);
  const auto text = read_file(options.proof, kMaxProofBytes);
  if (!key || !record || !text) {
    complain(!key ? "--key: " + key.error() : !record ? record.error() : text.error());
    return kExitUsage;
  }
  const auto proof = audit::InclusionProof::parse(*text);
  if (!proof) {
    complain(options.proof + ": " + proof.error());
    return kExitNo;
  }
  const auto checkpoint = audit::check_proof(*proof, *record, *key);
  if (!checkpoint) {
    complain("the proof does not hold: " + checkpoint.error());
    return kExitNo;
  }
  const std::string out = "ok: record " + std::to_string(proof->index) + " of " +
                          std::to_string(checkpoint->size) + ", signed by " + key->name() + "\n";
  return write_standard_output(out) ? kExitDone : kExitNo;
}

int run_audit_key(const AuditKeyOptions& options) {
  const auto config = load_config_or_complain(options.config);
  if (!config) return kExitUsage;
  const auto key = verifier_of({}, *config);
  if (!key || !*key) {
    complain(key ? "there is no key at " + config->ledger_key + ": start the gateway once"
                 : key.error());
    return kExitUsage;
  }
  return write_standard_output((*key)->encoded() + "\n") ? kExitDone : kExitNo;
}

int run_audit_gap(const AuditGapOptions& options) {
  auto config = load_config_or_complain(options.config);
  if (!config) return kExitUsage;
  auto lock = DataDirLock::acquire(config->data_dir);
  if (!lock) {
    complain(lock.error());
    return kExitUsage;
  }
  auto key = load_ledger_key(*config);
  if (!key || !*key) {
    complain(key ? "there is no key at " + config->ledger_key + ": put the backup back"
                 : key.error());
    return kExitUsage;
  }
  config->audit.signer = std::move(*key);
  audit::Record gap;
  gap.kind = "gap";
  gap.actor = operator_name();
  gap.reason = options.reason;
  const auto seq = audit::Log::accept_gap(config->audit, std::move(gap));
  if (!seq) {
    complain(seq.error());
    return kExitNo;
  }
  const std::string out = "record " + std::to_string(*seq) +
                          " says that what was signed after it before is lost; the gateway can "
                          "start again\n";
  return write_standard_output(out) ? kExitDone : kExitNo;
}

}  // namespace customhouse::app
