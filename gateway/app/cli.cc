// The one file that includes CLI11: it turns argv into the options of commands.h.
#include "gateway/app/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "audit/index.h"
#include "gateway/app/app.h"
#include "gateway/app/commands.h"

namespace customhouse::app {
namespace {

/// All options, filled by the parser, and the command that was chosen.
struct CommandLine {
  ServeOptions serve;
  EnvOptions env;
  ExecOptions exec;
  ScanOptions scan;
  RedactOptions redact;
  AuditListOptions list;
  AuditFacetsOptions facets;
  AuditReindexOptions reindex;
  AuditShowOptions show;
  AuditProofOptions prove;
  AuditCheckOptions check;
  AuditVerifyOptions verify;
  AuditKeyOptions key;
  AuditGapOptions gap;
  CaOptions ca;
  PolicyCheckOptions policy;
  PolicyListOptions policy_list;
  DoctorOptions doctor;
  std::function<int()> chosen;
};

CLI::App* command(CLI::App& parent, const char* name, const char* about, const char* example) {
  auto* sub = parent.add_subcommand(name, about);
  sub->footer(std::string("Example:\n  ") + example);
  return sub;
}

void add_config(CLI::App* sub, std::string& file) {
  sub->add_option("--config", file,
                  "Configuration; else ./config/customhouse.yaml, "
                  "/etc/customhouse/customhouse.yaml, or the built program's source tree")
      ->type_name("FILE");
}

void add_policy(CLI::App* sub, std::string& file) {
  sub->add_option("--policy", file, "Policy file, instead of the configuration's policies")
      ->type_name("FILE");
}

template <typename Options>
void choose(CLI::App* sub, CommandLine& line, int (*run)(const Options&), const Options& options) {
  sub->callback([&line, run, &options] { line.chosen = [run, &options] { return run(options); }; });
}

void add_serving(CLI::App& app, CommandLine& line) {
  auto* serve = command(app, "serve", "Run the gateway in the foreground",
                        "customhouse serve --config config/customhouse.yaml");
  add_config(serve, line.serve.config);
  choose(serve, line, run_serve, line.serve);

  auto* env = command(app, "env", "Print client settings for this gateway, to be evaluated",
                      "eval \"$(customhouse env)\"\n"
                      "  customhouse env --shell fish | source\n"
                      "  customhouse env --shell powershell | Out-String | Invoke-Expression");
  add_config(env, line.env.config);
  const std::map<std::string, Shell> shells{
      {"sh", Shell::Sh}, {"fish", Shell::Fish}, {"powershell", Shell::PowerShell}};
  env->add_option("--shell", line.env.shell, "sh, fish or powershell (default: sh)")
      ->transform(CLI::CheckedTransformer(shells).description(""))
      ->type_name("SHELL");
  choose(env, line, run_env, line.env);

  auto* exec =
      command(app, "exec", "Run a command with these settings: exec [--config FILE] -- CMD…",
              "customhouse exec -- claude\n"
              "  customhouse exec -- curl https://api.openai.com/v1/models");
  add_config(exec, line.exec.config);
  choose(exec, line, run_exec, line.exec);
}

void add_policy_commands(CLI::App& app, CommandLine& line) {
  auto* scan =
      command(app, "scan", "Print the findings in the text on standard input as JSON",
              "echo 'write to ada@example.com' | customhouse scan\n"
              "  customhouse scan --jsonl < texts.jsonl    # {\"id\":…,\"text\":…} a line");
  add_config(scan, line.scan.config);
  add_policy(scan, line.scan.policy);
  scan->add_flag("--explain", line.scan.explain,
                 "With the pattern's place, validator, context word and score of each finding");
  scan->add_flag("--jsonl", line.scan.jsonl,
                 "Input and output one JSON object a line: {\"id\",\"text\"} and "
                 "{\"id\",\"findings\"}");
  choose(scan, line, run_scan, line.scan);

  auto* redact = command(app, "redact", "Redact standard input to standard output, byte-exact",
                         "customhouse redact < notes.txt\n"
                         "  customhouse redact --api anthropic.messages < request.json");
  add_config(redact, line.redact.config);
  add_policy(redact, line.redact.policy);
  redact->add_option("--api", line.redact.api, "What the input is (default: text)")
      ->check(CLI::IsMember(redact_api_names()))
      ->type_name("NAME");
  choose(redact, line, run_redact, line.redact);

  auto* policy = command(app, "policy", "Work on policies", "customhouse policy check");
  policy->require_subcommand(1);
  auto* check = command(*policy, "check", "Compile policies and test their own examples",
                        "customhouse policy check config/policies/default.yaml");
  add_config(check, line.policy.config);
  check->add_option("files", line.policy.files, "Policy files; else the configuration's")
      ->type_name("FILE");
  choose(check, line, run_policy_check, line.policy);

  auto* list = command(*policy, "list", "List what the policy can find",
                       "customhouse policy list\n"
                       "  customhouse policy list --json | jq -r 'select(.labels[]==\"pci\").id'");
  add_config(list, line.policy_list.config);
  add_policy(list, line.policy_list.policy);
  list->add_flag("--json", line.policy_list.json, "One JSON object a line");
  choose(list, line, run_policy_list, line.policy_list);
}

void add_proof_commands(CLI::App& audit, CommandLine& line) {
  auto* verify = command(audit, "verify", "Check every record, tile and checkpoint of the ledger",
                         "customhouse audit verify\n"
                         "  customhouse audit verify --ledger /backup/ledger --checkpoints "
                         "/worm/checkpoints --key \"$KEY\"");
  add_config(verify, line.verify.config);
  verify->add_option("--ledger", line.verify.ledger, "Ledger's folder; else the configuration's")
      ->type_name("FOLDER");
  verify
      ->add_option("--checkpoints", line.verify.checkpoints,
                   "Checkpoints outside it; else the configuration's")
      ->type_name("FILE");
  verify->add_option("--key", line.verify.key, "Public key of the ledger, as audit key prints it")
      ->type_name("KEY");
  choose(verify, line, run_audit_verify, line.verify);

  auto* prove =
      command(audit, "prove", "Write one record and the proof that it stands in the signed ledger",
              "customhouse audit prove 17 --folder /tmp    # 17.json and 17.tlog-proof");
  add_config(prove, line.prove.config);
  prove->add_option("seq", line.prove.seq, "Number of the record")->type_name("SEQ")->required();
  prove->add_option("--folder", line.prove.folder, "Where the two files go; else here")
      ->type_name("FOLDER");
  choose(prove, line, run_audit_prove, line.prove);

  auto* check =
      command(audit, "check", "Check a record's proof; needs no ledger and no configuration",
              "customhouse audit check 17.json 17.tlog-proof --key \"$KEY\"");
  check->add_option("record", line.check.record, "The record")->type_name("FILE")->required();
  check->add_option("proof", line.check.proof, "Its proof")->type_name("FILE")->required();
  check->add_option("--key", line.check.key, "Public key of the ledger, as audit key prints it")
      ->type_name("KEY")
      ->required();
  choose(check, line, run_audit_check, line.check);

  auto* key = command(audit, "key", "Print the ledger's public key, for auditors",
                      "customhouse audit key > ledger.pub");
  add_config(key, line.key.config);
  choose(key, line, run_audit_key, line.key);

  auto* gap =
      command(audit, "gap", "Accept that signed records are lost, after a rollback was detected",
              "customhouse audit gap --reason \"disk restored from Monday's backup\"");
  add_config(gap, line.gap.config);
  gap->add_option("--reason", line.gap.reason, "Why; stays in the ledger")
      ->type_name("TEXT")
      ->required();
  choose(gap, line, run_audit_gap, line.gap);
}

void add_audit_commands(CLI::App& app, CommandLine& line) {
  auto* audit = command(
      app, "audit", "Read, prove and verify the ledger, beside a running gateway or without one",
      "customhouse audit list --action block --since 24h");
  audit->require_subcommand(1);
  auto& list = line.list;
  auto* sub = command(*audit, "list", "List records, newest last",
                      "customhouse audit list --action redact --since 2h\n"
                      "  customhouse audit list --json --follow | jq .decision");
  add_config(sub, list.config);
  const auto filter = [&](const char* name, std::string& value, const char* about) {
    sub->add_option(name, value, about)->type_name("TEXT");
  };
  filter("--since", list.since, "From this time on: 2026-11-23T10:00Z (UTC), or an age as in 2h");
  filter("--until", list.until, "Before this time");
  const auto term = [&](const std::string& name, const char* about) {
    filter(("--" + name).c_str(), list.filters[name], about);
  };
  term("kind", "decision, completion, refusal, start, stop, …");
  term("action", "allow, redact, block or divert");
  term("provider", "Provider's id, as in providers.yaml");
  term("host", "Destination host");
  term("model", "Model as the client named it");
  term("jurisdiction", "Where the destination processes, as in EU");
  term("actor", "Pseudonym of who sent it");
  term("application", "Product and version of the client");
  term("exchange", "Id of an exchange");
  term("outcome", "How an exchange ended: complete, client_closed, …");
  term("type", "Type of a finding, as in EMAIL_ADDRESS");
  term("rule", "Rule that decided or found");
  sub->add_option("--limit", list.limit, "Only the newest N (default: 50; with --json all)")
      ->type_name("N");
  sub->add_option("--before", list.before, "Only what stands before record SEQ: the next page")
      ->type_name("SEQ");
  sub->add_option("--after", list.after,
                  "Only what stands behind record SEQ; --limit then takes the first N")
      ->type_name("SEQ");
  sub->add_flag("--newest-first", list.newest_first, "Newest first");
  sub->add_flag("--json,--jsonl", list.json, "One JSON object a line");
  sub->add_flag("--follow", list.follow, "Go on with new records until interrupted");
  choose(sub, line, run_audit_list, line.list);

  auto* show = command(*audit, "show", "Show one record, or all of one exchange",
                       "customhouse audit show 17");
  add_config(show, line.show.config);
  show->add_option("what", line.show.what, "Number of a record, or id of an exchange")
      ->type_name("SEQ|EXCHANGE")
      ->required();
  choose(show, line, run_audit_show, line.show);

  auto* facets = command(*audit, "facets", "Count records by provider, action, rule, …, at once",
                         "customhouse audit facets\n"
                         "  customhouse audit facets --facet type --limit 100 --json");
  add_config(facets, line.facets.config);
  std::vector<std::string> names;
  for (const auto& field : audit::index_fields())
    if (field.counted) names.emplace_back(field.name);
  facets->add_option("--facet", line.facets.field, "Only this one")->check(CLI::IsMember(names));
  facets->add_option("--limit", line.facets.limit, "The N most frequent of each (default: 10)")
      ->type_name("N");
  facets->add_flag("--json", line.facets.json, "One JSON object a line");
  choose(facets, line, run_audit_facets, line.facets);

  auto* reindex = command(*audit, "reindex", "Make the ledger's index anew; the gateway is stopped",
                          "customhouse audit reindex");
  add_config(reindex, line.reindex.config);
  choose(reindex, line, run_audit_reindex, line.reindex);
  add_proof_commands(*audit, line);
}

void add_care_commands(CLI::App& app, CommandLine& line) {
  auto* ca = command(app, "ca", "The certificate that clients must trust", "customhouse ca show");
  ca->require_subcommand(1);
  auto* show = command(*ca, "show", "Subject, fingerprint, validity and name constraints",
                       "customhouse ca show");
  add_config(show, line.ca.config);
  choose(show, line, run_ca_show, line.ca);
  auto* out = command(*ca, "export", "Print the certificate as PEM",
                      "customhouse ca export --out customhouse-ca.pem");
  add_config(out, line.ca.config);
  out->add_option("--out", line.ca.out, "File to write; else standard output")->type_name("FILE");
  choose(out, line, run_ca_export, line.ca);

  auto* doctor = command(app, "doctor", "Say what is wrong with this installation, and the mend",
                         "customhouse doctor --config /etc/customhouse/customhouse.yaml");
  add_config(doctor, line.doctor.config);
  choose(doctor, line, run_doctor, line.doctor);
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  std::vector<std::string> words(argv + 1, argv + std::max(argc, 1));
  CommandLine line;
  // What stands behind "--" belongs to the command that exec runs: no word of it is ours.
  const auto dashes = std::ranges::find(words, "--");
  const bool is_exec = !words.empty() && words.front() == "exec";
  if (is_exec && dashes != words.end()) {
    line.exec.command.assign(dashes + 1, words.end());
    words.erase(dashes, words.end());
  }

  CLI::App app(
      "Customhouse: every prompt is opened, cleaned and written in the ledger before it leaves",
      "customhouse");
  app.set_version_flag("--version", "customhouse 0.1.0");
  app.footer(
      "Example:\n  customhouse serve &\n  customhouse exec -- claude\n\n"
      "Exit codes: 0 done; 1 the answer is no; 2 usage or configuration error; 75 the ledger "
      "cannot be written.\nEvery command has --help.");
  app.require_subcommand(1);
  add_serving(app, line);
  add_policy_commands(app, line);
  add_audit_commands(app, line);
  add_care_commands(app, line);
  try {
    std::ranges::reverse(words);  // CLI11 takes its words from the back
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? kExitDone : kExitUsage;
  }
  if (is_exec && line.exec.command.empty()) {
    std::cerr
        << "customhouse exec: no command; write it behind --, as in: customhouse exec -- claude\n";
    return kExitUsage;
  }
  return line.chosen();
}

}  // namespace customhouse::app
