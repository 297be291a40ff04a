// What of a request changes on its way to the provider besides the redacted ranges, and what of it
// may be told to the ledger. Pure functions of the head.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "gateway/proto/authority.h"
#include "gateway/proto/http_message.h"
#include "policy/decision.h"
#include "policy/pseudonym.h"

namespace customhouse::flow {

/// A decoded answer being restored may grow to this: beyond it, a bomb.
inline constexpr std::size_t kMaxDecodedAnswerBytes = 1024u * 1024 * 1024;

/// Origin-form target and header for the provider: Host and Content-Length set, hop-by-hop fields,
/// Expect, Content-Encoding, Via, Forwarded and X-Forwarded-* gone. Accept-Encoding becomes what
/// can be read while streaming: `identity` if the answer will be `restored`, else the client's
/// choice among the codings we know.
proto::RequestHead rewrite_request(const proto::RequestHead& request,
                                   const proto::Authority& authority, std::size_t body_bytes,
                                   bool restored);

/// A request target, cut so that a provider's own credential in the query (`key=` of Gemini,
/// `api_key=`) is neither scanned nor edited.
struct TargetParts {
  std::string_view scanned;  // from the start of the target to the credential, or to the end
  std::string_view kept;
};
TargetParts split_target(std::string_view target);
/// Writes placeholders into the scanned part, percent-encoded.
std::string edit_target(const TargetParts& parts,
                        std::span<const policy::Replacement> replacements);

/// Who sent it, as a keyed pseudonym of the credential or, without one, of the address:
/// "CREDENTIAL_…", "ADDRESS_…".
std::string actor_pseudonym(const policy::PseudonymKey& key, const proto::HeaderList& headers,
                            std::string_view client_address);

/// Product and version of a User-Agent ("claude-cli/2.1.197"), at most 64 characters of token
/// alphabet.
std::string application_name(std::string_view user_agent);

/// The method if it is a registered one, else "OTHER": a method can carry text.
std::string known_method(std::string_view method);

/// Content-Type as sent, parameters included; empty if there is none.
std::string media_type_and_parameters(const proto::HeaderList& headers);

}  // namespace customhouse::flow
