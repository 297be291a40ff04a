#include "gateway/app/ledger_key_file.h"

#include <openssl/crypto.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "gateway/app/files.h"
#include "gateway/app/secret_file.h"

namespace customhouse::app {

namespace {

constexpr std::size_t kMaxKeyBytes = 512;

/// A name that says where the ledger is: checkpoints of several gateways must not be confused.
std::string default_origin() {
  std::array<char, 256> host{};
  std::string name = ::gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "gateway";
  std::ranges::replace_if(name, [](char c) { return !audit::valid_key_name({&c, 1}); }, '-');
  return "customhouse/" + name.substr(0, 100);
}

}  // namespace

std::expected<LedgerKeyPtr, std::string> load_ledger_key(const Config& config) {
  auto content = read_secret_file(config.ledger_key, kMaxKeyBytes);
  if (!content) return std::unexpected(content.error());
  if (!*content) return nullptr;
  std::string& text = **content;
  const std::size_t end = text.find_last_not_of(" \r\n") + 1;
  auto signer = audit::NoteSigner::parse(std::string_view(text).substr(0, end));
  OPENSSL_cleanse(text.data(), text.size());
  if (!signer) {
    return std::unexpected(config.ledger_key + ": " + signer.error() +
                           "; put the backup back (with a new key, begin a new ledger)");
  }
  if (!config.ledger_origin.empty() && signer->verifier().name() != config.ledger_origin) {
    return std::unexpected(config.ledger_key + ": is the key of " + signer->verifier().name() +
                           ", and audit.origin is " + config.ledger_origin +
                           "; set the one to the other");
  }
  return std::make_shared<const audit::NoteSigner>(std::move(*signer));
}

std::expected<LedgerKeyPtr, std::string> load_or_create_ledger_key(const Config& config) {
  auto key = load_ledger_key(config);
  if (!key || *key) return key;
  auto made = audit::NoteSigner::generate(config.ledger_origin.empty() ? default_origin()
                                                                       : config.ledger_origin);
  if (!made) return std::unexpected(made.error());
  std::string text = made->encoded() + "\n";
  const auto written = write_file(config.ledger_key, text, 0600);
  OPENSSL_cleanse(text.data(), text.size());
  if (!written) return std::unexpected(written.error());
  return std::make_shared<const audit::NoteSigner>(std::move(*made));
}

}  // namespace customhouse::app
