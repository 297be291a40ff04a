#include "gateway/app/pseudonym_key_file.h"

#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "gateway/app/files.h"
#include "gateway/app/secret_file.h"

namespace customhouse::app {
namespace {

using KeyBytes = std::array<std::uint8_t, 32>;

PseudonymKeyPtr wrap(KeyBytes& bytes) {
  auto key = std::make_shared<const policy::PseudonymKey>(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return key;
}

bool fill_random(KeyBytes& bytes) {
  ssize_t n = 0;
  do {
    n = ::getrandom(bytes.data(), bytes.size(), 0);
  } while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(bytes.size());
}

}  // namespace

std::string pseudonym_key_path(const std::string& data_dir) {
  return data_dir + "/pseudonym.key";
}

std::expected<PseudonymKeyPtr, std::string> load_pseudonym_key(const std::string& data_dir) {
  const std::string path = pseudonym_key_path(data_dir);
  auto content = read_secret_file(path, std::tuple_size_v<KeyBytes>);
  if (!content) return std::unexpected(content.error());
  if (!*content) return nullptr;
  const bool whole = (*content)->size() == std::tuple_size_v<KeyBytes>;
  KeyBytes bytes{};
  if (whole) std::ranges::copy(**content, bytes.begin());
  OPENSSL_cleanse((*content)->data(), (*content)->size());
  if (!whole)
    return std::unexpected(
        path + ": has not 32 bytes; put the backup back (a new key changes every placeholder)");
  return wrap(bytes);
}

std::expected<PseudonymKeyPtr, std::string> load_or_create_pseudonym_key(
    const std::string& data_dir) {
  auto key = load_pseudonym_key(data_dir);
  if (!key || *key) return key;
  KeyBytes bytes{};
  if (!fill_random(bytes)) return std::unexpected("the system gives no random bytes");
  const std::string_view content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto written = write_file(pseudonym_key_path(data_dir), content, 0600);
  if (!written) return std::unexpected(written.error());
  return wrap(bytes);
}

std::expected<PseudonymKeyPtr, std::string> ephemeral_pseudonym_key() {
  KeyBytes bytes{};
  if (!fill_random(bytes)) return std::unexpected("the system gives no random bytes");
  return wrap(bytes);
}

}  // namespace customhouse::app
