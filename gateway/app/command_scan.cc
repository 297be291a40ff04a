// scan and redact: policy on standard input, without a gateway.
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/app/app.h"
#include "gateway/app/command_support.h"
#include "gateway/app/commands.h"
#include "gateway/app/default_config.h"
#include "gateway/app/pseudonym_key_file.h"
#include "gateway/provider/extraction.h"
#include "gateway/provider/operation.h"
#include "policy/catalogue.h"
#include "policy/evaluator.h"
#include "policy/scanner.h"

namespace customhouse::app {
namespace {

using Json = nlohmann::ordered_json;

/// `explain`: with how each came about.
Json to_json(const policy::RuleSet& rules, const std::vector<policy::Finding>& findings,
             bool explain) {
  Json out = Json::array();
  for (const auto& finding : findings) {
    Json one{{"type", finding.type},
             {"start", finding.begin},
             {"end", finding.end},
             {"confidence", policy::to_string(finding.confidence)},
             {"rule", finding.detector}};
    if (explain) {
      const auto told = policy::explain(rules, finding);
      one["explain"] = {{"pattern", told.pattern},
                        {"validator", told.validator},
                        {"context", told.context},
                        {"score", told.score}};
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// One line of `--jsonl`. The error never quotes the line.
std::expected<std::string, std::string> scan_line(const policy::RuleSet& rules,
                                                  std::string_view line, bool explain) {
  const Json input = Json::parse(line, nullptr, false);
  if (!input.is_object() || !input.contains("id") || !input.contains("text") ||
      !input["text"].is_string()) {
    return std::unexpected(R"(is not {"id":…,"text":"…"})");
  }
  const auto findings = policy::scan(rules, input["text"].get_ref<const std::string&>());
  if (!findings) return std::unexpected("could not be scanned: " + findings.error().what);
  return dump(Json{{"id", input["id"]}, {"findings", to_json(rules, *findings, explain)}});
}

int scan_lines(const policy::RuleSet& rules, bool explain) {
  std::ios::sync_with_stdio(false);
  std::string line;
  for (std::size_t number = 1; std::getline(std::cin, line); ++number) {
    if (line.empty()) continue;
    const auto answer = scan_line(rules, line, explain);
    if (!answer) {
      complain("standard input:" + std::to_string(number) + ":1: the line " + answer.error());
      return kExitUsage;
    }
    if (!write_standard_output(*answer)) return kExitNo;
  }
  return kExitDone;
}

struct Api {
  std::string_view name;
  provider::Operation operation;
  std::string_view path;
  std::string_view content_type;
};
constexpr std::string_view kJson = "application/json";
constexpr std::array<Api, 6> kApis{
    {{"text", {provider::Shape::Json, "text"}, "/", "text/plain; charset=utf-8"},
     {"json", {provider::Shape::Json, "other"}, "/", kJson},
     {"openai.chat",
      {provider::Shape::OpenAiChat, "chat.completions"},
      "/v1/chat/completions",
      kJson},
     {"openai.responses", {provider::Shape::OpenAiResponses, "responses"}, "/v1/responses", kJson},
     {"anthropic.messages",
      {provider::Shape::AnthropicMessages, "messages"},
      "/v1/messages",
      kJson},
     {"gemini",
      {provider::Shape::GeminiGenerate, "generateContent"},
      "/v1beta/models/gemini:generateContent",
      kJson}}};

/// The data folder's key, so that placeholders are those of the gateway; else one for this run.
/// nullptr: complained.
PseudonymKeyPtr key_or_complain(const std::string& config_file) {
  const auto place = find_config(config_file);
  if (place) {
    const auto config = load_config_or_complain(*place);
    if (!config) return nullptr;
    const auto key = load_pseudonym_key(config->data_dir);
    if (!key) {
      complain(key.error());
      return nullptr;
    }
    if (*key) return *key;
  }
  complain("note: no pseudonym key yet; placeholders of this run differ from the gateway's");
  const auto key = ephemeral_pseudonym_key();
  if (!key) complain(key.error());
  return key.value_or(nullptr);
}

}  // namespace

int run_scan(const ScanOptions& options) {
  const auto rules = load_rules_or_complain(options.policy, options.config);
  if (!rules) return kExitUsage;
  if (options.jsonl) return scan_lines(*rules, options.explain);
  const auto text = read_standard_input(kMaxInputBytes);
  if (!text) {
    complain(text.error());
    return kExitUsage;
  }
  const auto findings = policy::scan(*rules, *text);
  if (!findings) {
    complain("the text could not be scanned: " + findings.error().what);
    return kExitNo;
  }
  return write_standard_output(dump(to_json(*rules, *findings, options.explain))) ? kExitDone
                                                                                  : kExitNo;
}

std::vector<std::string> redact_api_names() {
  std::vector<std::string> names;
  for (const auto& api : kApis) names.emplace_back(api.name);
  return names;
}

int run_redact(const RedactOptions& options) {
  const Api* api = nullptr;
  for (const auto& candidate : kApis) {
    if (candidate.name == options.api) api = &candidate;
  }
  const auto rules = load_rules_or_complain(options.policy, options.config);
  if (api == nullptr || !rules) return kExitUsage;
  const auto key = key_or_complain(options.config);
  if (!key) return kExitUsage;
  const auto body = read_standard_input(kMaxInputBytes);
  if (!body) {
    complain(body.error());
    return kExitUsage;
  }
  const auto extraction =
      provider::extract(api->operation, api->path, api->content_type, *body, {});
  if (!extraction) {
    complain("standard input: " + extraction.error().what);
    return kExitUsage;
  }
  const auto decision =
      policy::evaluate(*rules, {}, extraction->spans(), extraction->coverage(), *key);
  if (!decision) {
    complain("the text could not be decided: " + decision.error().what);
    return kExitNo;
  }
  if (decision->action == policy::Action::Block || decision->action == policy::Action::Divert) {
    complain(std::string(policy::to_string(decision->action)) + ": " + decision->reason);
    return kExitNo;
  }
  return write_standard_output(extraction->apply(decision->replacements)) ? kExitDone : kExitNo;
}

}  // namespace customhouse::app
