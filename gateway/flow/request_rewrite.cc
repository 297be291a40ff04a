#include "gateway/flow/request_rewrite.h"

#include <algorithm>
#include <array>
#include <vector>

#include "gateway/proto/http1.h"
#include "policy/edit.h"

namespace customhouse::flow {

namespace {

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         proto::equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The client's codings that we can decode too, with their weights; "identity" if none is left.
std::string readable_codings(std::string_view accepted) {
  static constexpr std::array<std::string_view, 5> kKnown = {"gzip", "deflate", "br", "zstd",
                                                             "identity"};
  std::string result;
  while (!accepted.empty()) {
    const std::size_t comma = std::min(accepted.find(','), accepted.size());
    const std::string_view item = trim(accepted.substr(0, comma));
    accepted.remove_prefix(std::min(comma + 1, accepted.size()));
    const std::string_view name = trim(item.substr(0, item.find(';')));
    const bool known = std::ranges::any_of(
        kKnown, [&](std::string_view coding) { return proto::equals_ignoring_case(coding, name); });
    if (!known) continue;
    if (!result.empty()) result += ", ";
    result += item;
  }
  return result.empty() ? "identity" : result;
}

}  // namespace

proto::RequestHead rewrite_request(const proto::RequestHead& request,
                                   const proto::Authority& authority, std::size_t body_bytes,
                                   bool restored) {
  proto::RequestHead head;
  head.method = request.method;
  head.target = request.target;
  head.headers = request.headers;
  const bool had_body_framing =
      head.headers.count("Content-Length") != 0 || head.headers.count("Transfer-Encoding") != 0;
  proto::strip_hop_by_hop(head.headers);
  for (const std::string_view name :
       {"Expect", "Content-Encoding", "Content-Length", "Via", "Forwarded", "X-Forwarded-For",
        "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Content-MD5", "Digest"}) {
    head.headers.remove(name);
  }
  head.headers.set("Host", proto::to_string(authority, 443));
  if (had_body_framing || body_bytes != 0)
    head.headers.set("Content-Length", std::to_string(body_bytes));
  const std::string* accepted = head.headers.find("Accept-Encoding");
  head.headers.set("Accept-Encoding",
                   restored || accepted == nullptr ? "identity" : readable_codings(*accepted));
  return head;
}

TargetParts split_target(std::string_view target) {
  static constexpr std::array<std::string_view, 4> kCredentials = {
      "key=", "api_key=", "api-key=", "access_token="};
  const std::size_t query = target.find('?');
  std::size_t at = query;
  while (at != std::string_view::npos && at < target.size()) {
    const std::string_view parameter = target.substr(at + 1);
    for (const std::string_view name : kCredentials) {
      if (starts_with_ignoring_case(parameter, name))
        return {target.substr(0, at), target.substr(at)};
    }
    at = target.find('&', at + 1);
  }
  return {target, {}};
}

std::string edit_target(const TargetParts& parts,
                        std::span<const policy::Replacement> replacements) {
  std::vector<policy::Edit> edits;
  for (const auto& replacement : replacements) {
    std::string encoded;
    for (const char c : replacement.text) {
      if (c == '[')
        encoded += "%5B";
      else if (c == ']')
        encoded += "%5D";
      else
        encoded += c;
    }
    edits.push_back({replacement.begin, replacement.end, std::move(encoded)});
  }
  return policy::apply_edits(parts.scanned, edits) + std::string(parts.kept);
}

std::string actor_pseudonym(const policy::PseudonymKey& key, const proto::HeaderList& headers,
                            std::string_view client_address) {
  std::string_view type = "ADDRESS";
  std::string_view identity = client_address;
  for (const std::string_view name : {"Authorization", "x-api-key", "x-goog-api-key", "api-key"}) {
    if (const std::string* value = headers.find(name); value != nullptr && !value->empty()) {
      type = "CREDENTIAL";
      identity = *value;
      break;
    }
  }
  std::string pseudonym = policy::placeholder(key, type, identity, 16);
  return pseudonym.substr(1, pseudonym.size() - 2);  // the brackets belong to prompts
}

std::string application_name(std::string_view user_agent) {
  std::string name;
  for (const char c : user_agent.substr(0, 64)) {
    const bool token = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '/' || c == '+';
    if (!token) break;
    name += c;
  }
  return name;
}

std::string known_method(std::string_view method) {
  for (const std::string_view known :
       {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"}) {
    if (method == known) return std::string(method);
  }
  return "OTHER";
}

std::string media_type_and_parameters(const proto::HeaderList& headers) {
  const std::string* value = headers.find("Content-Type");
  return value == nullptr ? std::string{} : *value;
}

}  // namespace customhouse::flow
