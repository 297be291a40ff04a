#include "gateway/app/client_environment.h"

#include <unistd.h>

#include <array>

#include "gateway/app/config_values.h"
#include "gateway/app/files.h"
#include "gateway/app/run_state.h"

namespace customhouse::app {
namespace {

/// In single quotes; what ends them is escaped as the shell wants it.
std::string quoted(std::string_view value, Shell shell) {
  std::string out = "'";
  for (const char c : value) {
    if (shell == Shell::Sh && c == '\'') {
      out += "'\\''";
    } else if (shell == Shell::Fish && (c == '\'' || c == '\\')) {
      out += '\\';
      out += c;
    } else if (shell == Shell::PowerShell && c == '\'') {
      out += "''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string line_of(const std::string& name, const std::string& value, Shell shell) {
  switch (shell) {
    case Shell::Fish:
      return "set -gx " + name + " " + quoted(value, shell) + "\n";
    case Shell::PowerShell:
      return "$env:" + name + " = " + quoted(value, shell) + "\n";
    case Shell::Sh:
      break;
  }
  return "export " + name + "=" + quoted(value, shell) + "\n";
}

}  // namespace

Environment client_environment(std::string_view proxy, const std::string& ca,
                               const std::string& bundle) {
  const std::string url = "http://" + std::string(proxy);
  const std::string direct = "localhost,127.0.0.1,::1";
  return {{"HTTPS_PROXY", url},
          {"https_proxy", url},
          {"NO_PROXY", direct},
          {"no_proxy", direct},
          {"NODE_EXTRA_CA_CERTS", ca},       // Node, Claude Code: added to the built-in roots
          {"NODE_USE_ENV_PROXY", "1"},       // Node 22.21, 24.5 and later
          {"SSL_CERT_FILE", bundle},         // OpenSSL, httpx, Go, rustls: replaces the store
          {"REQUESTS_CA_BUNDLE", bundle},    // Python requests
          {"CURL_CA_BUNDLE", bundle},        // curl
          {"GIT_SSL_CAINFO", bundle},        // git
          {"CODEX_CA_CERTIFICATE", bundle},  // Codex
          {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", bundle}};
}

std::string render(const Environment& environment, Shell shell) {
  std::string out;
  for (const auto& [name, value] : environment) out += line_of(name, value, shell);
  return out;
}

std::string system_trust_store() {
  constexpr std::array<const char*, 4> kPlaces{
      "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Alpine
      "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL
      "/etc/ssl/ca-bundle.pem",              // openSUSE
      "/etc/ssl/cert.pem"};                  // macOS, BSD
  for (const char* place : kPlaces) {
    if (::access(place, R_OK) == 0) return place;
  }
  return {};
}

std::string bundle_path(const Config& config) {
  return config.data_dir + "/ca/bundle.pem";
}

std::expected<void, std::string> write_bundle(const Config& config) {
  const auto ca = read_file(config.ca_certificate);
  if (!ca) {
    return std::unexpected("there is no CA yet (" + config.ca_certificate +
                           "); start the gateway once: customhouse serve");
  }
  const std::string store = system_trust_store();
  if (store.empty()) {
    return std::unexpected("the system has no trust store; install the package ca-certificates");
  }
  auto roots = read_file(store);
  if (!roots) return std::unexpected(roots.error());
  if (!roots->empty() && roots->back() != '\n') *roots += '\n';
  *roots += *ca;
  const auto present = read_file(bundle_path(config));
  if (present && *present == *roots) return {};
  if (auto made = make_folder(folder_of(bundle_path(config))); !made) return made;
  return write_file(bundle_path(config), *roots, 0644);
}

std::expected<Environment, std::string> environment_of(const Config& config) {
  if (config.server.listen_proxy.empty()) {
    return std::unexpected(
        "the configuration has no `listen: proxy:`; add one, or point clients "
        "at `listen: api:` by their base URL");
  }
  auto address = parse_listen_address(config.server.listen_proxy);
  const auto running = running_ports(config.data_dir);
  if (address && running && running->proxy != 0) address->port = running->proxy;
  if (!address || address->port == 0) {
    return std::unexpected(
        "the port is chosen when the gateway starts (`listen: proxy: …:0`); "
        "start it first: customhouse serve");
  }
  if (auto written = write_bundle(config); !written) return std::unexpected(written.error());
  return client_environment(to_string(client_view(*address, address->port)), config.ca_certificate,
                            bundle_path(config));
}

}  // namespace customhouse::app
