// ca show and ca export.
#include <sys/stat.h>

#include "gateway/app/app.h"
#include "gateway/app/command_support.h"
#include "gateway/app/commands.h"
#include "gateway/app/files.h"

namespace customhouse::app {
namespace {

struct Opened {
  Config config;
  std::shared_ptr<net::CertificateAuthority> ca;
};

/// nullopt: complained.
std::optional<Opened> open_or_complain(const std::string& file) {
  auto config = load_config_or_complain(file);
  if (!config) return std::nullopt;
  // No domains are demanded: a CA that lacks some can still be shown; doctor tells what it lacks.
  auto ca = net::CertificateAuthority::load(
      {config->ca_certificate, config->ca_private_key, std::vector<std::string>{}});
  if (!ca) {
    complain(ca.error());
    return std::nullopt;
  }
  return Opened{std::move(*config), std::move(*ca)};
}

}  // namespace

int run_ca_show(const CaOptions& options) {
  const auto opened = open_or_complain(options.config);
  if (!opened) return kExitUsage;
  const auto about = opened->ca->describe();
  std::string out = "certificate  " + opened->config.ca_certificate + "\n" +  //
                    "subject      " + about.subject + "\n" +                  //
                    "serial       " + about.serial + "\n" +                   //
                    "SHA-256      " + about.sha256_fingerprint + "\n" +       //
                    "valid        " + about.not_before + " to " + about.not_after + "\n" +
                    "may vouch for (name constraints):\n";
  for (const auto& domain : about.permitted_domains) out += "  " + domain + "\n";
  return write_standard_output(out) ? kExitDone : kExitNo;
}

int run_ca_export(const CaOptions& options) {
  const auto opened = open_or_complain(options.config);
  if (!opened) return kExitUsage;
  const std::string pem = opened->ca->certificate_pem();
  if (options.out.empty()) return write_standard_output(pem) ? kExitDone : kExitNo;
  if (const auto written = write_file(options.out, pem, 0644); !written) {
    complain(written.error());
    return kExitUsage;
  }
  return kExitDone;
}

}  // namespace customhouse::app
