// The command line as users meet it: the built program, its exit codes and what it prints.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "audit/log.h"
#include "tests/unit/app/child_process.h"

namespace customhouse::app {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

constexpr const char* kPem = "-----BEGIN CERTIFICATE-----\nb3Vycw==\n-----END CERTIFICATE-----\n";

/// Body and status line of a plain GET; "" if nothing answers.
std::string get(const std::string& address, const std::string& path) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n\r\n";
    ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    char block[4096];
    for (ssize_t n = 0; (n = ::read(fd, block, sizeof block)) > 0;) {
      answer.append(block, static_cast<std::size_t>(n));
    }
  }
  ::close(fd);
  return answer;
}

TEST(CommandLine, HelpOfEveryCommandShowsAnExample) {
  const std::vector<std::vector<std::string>> commands{{},
                                                       {"serve"},
                                                       {"env"},
                                                       {"exec"},
                                                       {"scan"},
                                                       {"redact"},
                                                       {"policy"},
                                                       {"policy", "check"},
                                                       {"audit"},
                                                       {"audit", "list"},
                                                       {"audit", "show"},
                                                       {"ca"},
                                                       {"ca", "show"},
                                                       {"ca", "export"},
                                                       {"doctor"}};
  for (auto words : commands) {
    words.emplace_back("--help");
    const Ran ran = run_program(words);
    EXPECT_EQ(ran.code, 0) << words.front();
    EXPECT_THAT(ran.out, HasSubstr("Example:\n  ")) << words.front();
    EXPECT_EQ(ran.err, "");
  }
  EXPECT_THAT(run_program({"--version"}).out, testing::StartsWith("customhouse "));
}

TEST(CommandLine, WrongUsageIsExitCodeTwo) {
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"nonsense"},
                                                    {"model", "inspect"},  // not offered yet
                                                    {"audit", "verify"},
                                                    {"serve", "--nonsense"},
                                                    {"env", "--shell", "tcsh"},
                                                    {"redact", "--api", "nonsense"},
                                                    {"audit", "list", "--limit", "many"},
                                                    {"exec"},
                                                    {"exec", "--"}};
  for (const auto& words : wrong) {
    const Ran ran = run_program(words);
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err, "");
  }
}

TEST(CommandLine, AConfigurationErrorNamesItsPlace) {
  const TemporaryFolder folder;
  const std::string file = write_test_config(folder, "unlisted_host: deny\n");
  for (const char* command : {"serve", "env", "scan"}) {
    const Ran ran = run_program({command, "--config", file});
    EXPECT_EQ(ran.code, 2) << command;
    EXPECT_EQ(ran.err, "customhouse: " + file +
                           ":6:1: unknown key `unlisted_host`; did you mean `unlisted_hosts`?\n");
  }
}

TEST(CommandLine, ScanPrintsFindingsWithByteOffsets) {
  const TemporaryFolder folder;
  const std::string file = write_test_config(folder);
  const Ran ran = run_program({"scan", "--config", file}, "grüße an ada@example.com!");
  ASSERT_EQ(ran.code, 0) << ran.err;
  const Json findings = Json::parse(ran.out);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0]["type"], "EMAIL_ADDRESS");
  EXPECT_EQ(findings[0]["start"], 11);
  EXPECT_EQ(findings[0]["end"], 26);
  EXPECT_TRUE(findings[0]["confidence"].is_string());
  EXPECT_TRUE(findings[0]["rule"].is_string());
  EXPECT_THAT(run_program({"scan", "--config", file}, "nothing").out, testing::StrEq("[]\n"));
}

TEST(CommandLine, ScanOfLinesAnswersLineByLineAndStopsAtABadOne) {
  const TemporaryFolder folder;
  const std::string file = write_test_config(folder);
  const Ran ran = run_program({"scan", "--jsonl", "--config", file},
                              "{\"id\":7,\"text\":\"ada@example.com\"}\n"
                              "{\"id\":\"b\",\"text\":\"clean\"}\n"
                              "{\"id\":\"secret@example.com\"}\n");
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("standard input:3:1: the line is not"));
  EXPECT_THAT(ran.err, Not(HasSubstr("secret")));
  std::istringstream lines(ran.out);
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(Json::parse(line)["id"], 7);
  EXPECT_EQ(Json::parse(line)["findings"].size(), 1U);
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(Json::parse(line), Json::parse(R"({"id":"b","findings":[]})"));
}

TEST(CommandLine, RedactIsByteExact) {
  const TemporaryFolder folder;
  const std::string file = write_test_config(folder);
  const std::string clean =
      "{ \"model\" : \"m\",\n \"messages\":[{\"role\":\"user\",\"content\":\"1.0e+2 "
      "\\u00e9\"}]}\t\n";
  EXPECT_EQ(run_program({"redact", "--api", "openai.chat", "--config", file}, clean).out, clean);
  const Ran ran = run_program({"redact", "--config", file}, "to ada@example.com\r\n");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, testing::MatchesRegex("to \\[EMAIL_ADDRESS_[0-9a-f]{8}\\]\r\n"));
  EXPECT_THAT(ran.err, HasSubstr("no pseudonym key yet"));
  const Ran broken = run_program({"redact", "--api", "json", "--config", file}, "{\"x\": ");
  EXPECT_EQ(broken.code, 2);
  EXPECT_EQ(broken.out, "");
}

TEST(CommandLine, PolicyCheckSaysNoWithItsPlace) {
  const TemporaryFolder folder;
  const std::string file = write_test_config(folder);
  const Ran good = run_program({"policy", "check", "--config", file});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_THAT(good.out,
              testing::MatchesRegex("ok: [0-9]+ detectors, policy digest [0-9a-f]{64}\n"));
  folder.write("own.yaml",
               "detectors:\n"
               "  - {id: BADGE, labels: [pii], pattern: 'BDG-[0-9]{6}', keywords: [bdg-],\n"
               "     examples: {match: [BDG-004711, BDG-47]}}\n");
  const std::string untrue = folder.write(
      "untrue.yaml",
      "version: 1\nname: own\ndetectors: [own.yaml]\n"
      "rules: [{id: badges, types: [BADGE], action: block}]\nunscanned: {default: block}\n");
  const Ran failing = run_program({"policy", "check", untrue});
  EXPECT_EQ(failing.code, 1);
  EXPECT_THAT(failing.err, HasSubstr(folder.path() + "/own.yaml:3:"));
  const Ran blocked =
      run_program({"redact", "--policy", untrue, "--config", file}, "badge BDG-004711");
  EXPECT_EQ(blocked.code, 1);
  EXPECT_EQ(blocked.out, "");
  EXPECT_THAT(blocked.err,
              AllOf(HasSubstr("block: "), HasSubstr("badges"), Not(HasSubstr("4711"))));
  const std::string broken = folder.write("broken.yaml", "nonsense: true\n");
  const Ran bad = run_program({"policy", "check", broken});
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.err, HasSubstr("customhouse: " + broken + ":1:"));
}

TEST(CommandLine, ExecGivesTheCommandTheSettingsAndItsExitCodeBack) {
  const TemporaryFolder folder;
  folder.write("var/ca/ca.pem", kPem);
  const std::string fixed = folder.write(
      "fixed.yaml",
      "listen: {proxy: 127.0.0.1:8099}\ndata_dir: var\nproviders: p.yaml\npolicies: [p.yaml]\n");
  const Ran ran = run_program({"exec", "--config", fixed, "--", "sh", "-c",
                               "printf %s \"$HTTPS_PROXY\"; exit 42", "--help"});
  EXPECT_EQ(ran.code, 42) << ran.err;
  EXPECT_EQ(ran.out, "http://127.0.0.1:8099");
  EXPECT_EQ(run_program({"exec", "--config", fixed, "--", "/nonexistent"}).code, 127);
  EXPECT_EQ(run_program({"exec", "--config", fixed, "--", folder.path()}).code, 126);
  EXPECT_THAT(run_program({"env", "--config", fixed, "--shell", "fish"}).out,
              HasSubstr("set -gx HTTPS_PROXY 'http://127.0.0.1:8099'\n"));
}

TEST(CommandLine, ALedgerThatCannotBeWrittenIsExitCode75) {
  const TemporaryFolder folder;
  folder.write("var/ledger", "a file where the folder should be");
  const Ran ran = run_program({"serve", "--config", write_test_config(folder)});
  EXPECT_EQ(ran.code, 75) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("the ledger cannot be written"));
  EXPECT_EQ(ran.out, "");
}

TEST(CommandLine, DoctorFindsFaultsAndNamesTheMend) {
  const TemporaryFolder folder;
  const std::string file = write_test_config(folder);
  const Ran healthy = run_program({"doctor", "--config", file});
  EXPECT_EQ(healthy.code, 0) << healthy.out;
  EXPECT_THAT(healthy.out, Not(HasSubstr("fault")));
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/var")) << "it changes nothing";
  folder.write("var/pseudonym.key", std::string(32, 'k'));
  std::filesystem::permissions(
      folder.path() + "/var/pseudonym.key",
      std::filesystem::perms::owner_read | std::filesystem::perms::others_read);
  const Ran ill = run_program({"doctor", "--config", file});
  EXPECT_EQ(ill.code, 1);
  EXPECT_THAT(ill.out, testing::ContainsRegex("fault +key +.*chmod 600"));
}

TEST(CommandLine, ServeFromStartToStop) {
  const TemporaryFolder folder;
  const std::string file = write_test_config(folder);
  ChildProcess gateway({"serve", "--config", file}, "");
  const std::string welcome = gateway.read_until("SIGHUP");
  EXPECT_THAT(welcome, HasSubstr("export HTTPS_PROXY='http://127.0.0.1:")) << gateway.errors();
  EXPECT_THAT(welcome, HasSubstr(folder.path() + "/var/ca/ca.pem"));
  const Json listeners = Json::parse(slurp(folder.path() + "/var/run/listeners.json"));
  const auto address = [&](const char* name) {
    return "127.0.0.1:" + std::to_string(listeners[name].get<int>());
  };
  const std::string admin = address("admin");
  EXPECT_THAT(get(admin, "/readyz"), HasSubstr("200"));
  EXPECT_THAT(get(admin, "/ca.pem"), HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_THAT(get(admin, "/metrics"), HasSubstr("customhouse_ledger_records_total 1\n"));

  const Ran second = run_program({"serve", "--config", file});
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(second.err, HasSubstr("in use by another gateway"));
  EXPECT_EQ(run_program({"doctor", "--config", file}).code, 0);
  EXPECT_THAT(run_program({"env", "--config", file}).out,
              HasSubstr("HTTPS_PROXY='http://" + address("proxy")));
  EXPECT_THAT(run_program({"ca", "show", "--config", file}).out, HasSubstr("\n  openai.com\n"));
  EXPECT_THAT(run_program({"ca", "export", "--config", file}).out,
              testing::StartsWith("-----BEGIN CERTIFICATE-----"));

  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait(), 0) << gateway.errors();
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/var/run/listeners.json"));
  const Ran list = run_program({"audit", "list", "--json", "--config", file});
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr("\"kind\":\"start\""));
  EXPECT_THAT(list.out, HasSubstr("\"kind\":\"stop\""));
  EXPECT_EQ(run_program({"audit", "list", "--json", "--kind", "stop", "--config", file}).out,
            list.out.substr(list.out.find('\n') + 1));
  EXPECT_EQ(run_program({"audit", "list", "--json", "--limit", "1", "--config", file}).out,
            list.out.substr(list.out.find('\n') + 1));
  EXPECT_EQ(run_program({"audit", "list", "--json", "--until", "2020", "--config", file}).out, "");
  EXPECT_THAT(run_program({"audit", "list", "--config", file}).out, testing::StartsWith("SEQ "));
  const Ran show = run_program({"audit", "show", "0", "--config", file});
  EXPECT_EQ(Json::parse(show.out)["kind"], "start");
  EXPECT_EQ(run_program({"audit", "show", "99", "--config", file}).code, 1);
  EXPECT_EQ(run_program({"audit", "list", "--since", "yesterday", "--config", file}).code, 2);
}

TEST(CommandLine, AuditListFiltersAndNeverSteersTheTerminal) {
  const TemporaryFolder folder;
  const std::string file = write_test_config(folder);
  {
    auto log = audit::Log::open({.directory = folder.path() + "/var/ledger", .min_free_bytes = 0});
    ASSERT_TRUE(log.has_value()) << log.error().what;
    audit::Record record;
    record.kind = "decision";
    record.exchange = "exchange-1";
    record.actor = "CREDENTIAL_1";
    record.destination = {"openai", "api.openai.com", "gpt\x1b[31m\xc2\x9b", "US"};
    record.action = "redact";
    record.rules = {"personal-data"};
    record.findings = {{"EMAIL_ADDRESS", "personal-data", "/messages/0/content", 2},
                       {"EMAIL_ADDRESS", "personal-data", "/messages/1/content", 1}};
    (*log)->append(record, [](auto) {});
    record.exchange = "exchange-2";
    record.action = "allow";
    record.rules.clear();
    record.findings.clear();
    (*log)->append(record, [](auto) {});
    (*log)->close();
  }
  const auto list = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"audit", "list", "--config", file});
    return run_program(more).out;
  };
  const std::string table = list({});
  EXPECT_THAT(table, HasSubstr("EMAIL_ADDRESS×3"));
  EXPECT_EQ(table.find_first_of("\x1b\x9b"), std::string::npos);
  const auto seqs = [&](std::vector<std::string> more) {
    more.emplace_back("--json");
    std::istringstream lines(list(more));
    std::vector<int> out;
    for (std::string line; std::getline(lines, line);) out.push_back(Json::parse(line)["seq"]);
    return out;
  };
  using testing::ElementsAre;
  EXPECT_THAT(seqs({}), ElementsAre(0, 1));
  EXPECT_THAT(seqs({"--action", "redact"}), ElementsAre(0));
  EXPECT_THAT(seqs({"--type", "EMAIL_ADDRESS"}), ElementsAre(0));
  EXPECT_THAT(seqs({"--rule", "personal-data"}), ElementsAre(0));
  EXPECT_THAT(seqs({"--exchange", "exchange-2"}), ElementsAre(1));
  EXPECT_THAT(seqs({"--provider", "openai", "--since", "1h"}), ElementsAre(0, 1));
  EXPECT_THAT(seqs({"--host", "api.anthropic.com"}), ElementsAre());
  EXPECT_THAT(seqs({"--kind", "completion"}), ElementsAre());
  const Ran show = run_program({"audit", "show", "exchange-1", "--config", file});
  EXPECT_EQ(show.code, 0);
  EXPECT_EQ(Json::parse(show.out)["seq"], 0);
}

}  // namespace
}  // namespace customhouse::app
