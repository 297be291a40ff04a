// doctor: what is wrong with this installation, and the mend. Changes nothing.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "audit/reader.h"
#include "gateway/app/app.h"
#include "gateway/app/command_support.h"
#include "gateway/app/commands.h"
#include "gateway/app/config_values.h"
#include "gateway/app/default_config.h"
#include "gateway/app/files.h"

namespace customhouse::app {
namespace {

constexpr std::time_t kOldestSaneTime = 1'767'225'600;  // 2026-01-01: before it nothing was built

class Doctor {
 public:
  int run(const std::string& given) {
    const auto config = check_config(given);
    if (!config) return kExitNo;
    config_ = &*config;
    check_rules();
    check_providers();
    check_data_dir();
    check_key();
    check_ca();
    check_ledger();
    check_trust();
    check_listeners();
    check_clock();
    return faults_ == 0 ? kExitDone : kExitNo;
  }

 private:
  static void print(std::string_view verdict, std::string_view topic, std::string_view what) {
    std::string line(verdict);
    line.resize(9, ' ');
    line += topic;
    line.resize(23, ' ');
    line += what;
    write_standard_output(line + "\n");
  }
  static void ok(std::string_view topic, std::string_view what) { print("ok", topic, what); }
  static void warn(std::string_view topic, std::string_view what) { print("warning", topic, what); }
  void fault(std::string_view topic, std::string_view what) {
    ++faults_;
    print("fault", topic, what);
  }

  std::optional<Config> check_config(const std::string& given) {
    const auto file = find_config(given);
    if (!file) {
      fault("config", file.error());
      return std::nullopt;
    }
    auto config = load_config(*file);
    if (!config) {
      for (const auto& error : config.error()) fault("config", to_string(error));
      return std::nullopt;
    }
    ok("config", config->file);
    return std::move(*config);
  }

  void check_rules() {
    const auto rules = load_rules(config_->policies);
    if (!rules) {
      for (const auto& complaint : rules.error()) fault("policy", complaint);
      return;
    }
    const auto failing = failing_examples(**rules);
    for (const auto& complaint : failing) fault("policy", complaint);
    if (!failing.empty()) return;
    ok("policy", std::to_string((*rules)->detector_count()) +
                     " detectors; patterns compile, their examples hold");
  }

  void check_providers() {
    auto providers = load_providers(config_->providers);
    if (!providers) {
      for (const auto& complaint : providers.error()) fault("providers", complaint);
      return;
    }
    domains_ = (*providers)->constraint_domains();
    ok("providers", std::to_string((*providers)->providers().size()) + " providers govern " +
                        std::to_string(domains_.size()) + " domains");
  }

  void check_data_dir() {
    // What is missing is made at the first start: then the nearest folder above must allow it.
    std::string folder = config_->data_dir;
    while (::access(folder.c_str(), F_OK) != 0 && folder != folder_of(folder)) {
      folder = folder_of(folder);
    }
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
      fault("data_dir", folder + " cannot be written by this user; chown it, or set data_dir");
      return;
    }
    struct statvfs space{};
    if (::statvfs(folder.c_str(), &space) == 0 &&
        space.f_bavail * space.f_frsize < config_->audit.min_free_bytes) {
      fault("data_dir", folder +
                            " has too little space left: under `audit: min_free_bytes:` the "
                            "ledger refuses; free some");
      return;
    }
    ok("data_dir",
       config_->data_dir + (folder == config_->data_dir ? "" : " (made at first start)"));
  }

  void check_key() {
    const auto key = load_pseudonym_key(config_->data_dir);
    if (!key) {
      fault("key", key.error());
    } else {
      ok("key", *key ? pseudonym_key_path(config_->data_dir) : "made at first start");
    }
  }

  void check_ca() {
    const bool certificate = ::access(config_->ca_certificate.c_str(), F_OK) == 0;
    const bool private_key = ::access(config_->ca_private_key.c_str(), F_OK) == 0;
    if (!certificate && !private_key) return ok("ca", "made at first start");
    const auto ca = net::CertificateAuthority::load(
        {config_->ca_certificate, config_->ca_private_key, domains_});
    if (!ca) return fault("ca", ca.error());
    const auto about = (*ca)->describe();
    ok("ca", config_->ca_certificate + ", valid until " + about.not_after +
                 ", permits all governed domains");
  }

  void check_ledger() {
    const auto& folder = config_->audit.directory;
    if (::access(folder.c_str(), F_OK) != 0) return ok("ledger", "made at first start");
    auto reader = audit::Reader::open(folder);
    if (!reader) {
      return fault("ledger",
                   folder + " cannot be read: " + reader.error() +
                       "; restore it from its backup, or move it away to begin a new one");
    }
    ok("ledger", folder + ", " + std::to_string(reader->size()) + " records");
    if (reader->size() == 0) return;
    const auto last = reader->get(reader->size() - 1);
    if (!last || !*last) return fault("ledger", "its last record cannot be read");
    const auto json = nlohmann::json::parse(**last, nullptr, false);
    if (json.is_object() && json.contains("time") && json["time"].is_string()) {
      newest_record_ = json["time"].get<std::string>();
    }
  }

  void check_trust() {
    const std::string store = system_trust_store();
    if (store.empty()) {
      fault("trust",
            "no system trust store: providers cannot be verified; install ca-certificates");
    } else {
      ok("trust", store);
    }
    for (const auto& file : config_->server.upstream.extra_ca) {
      const auto pem = read_file(file);
      if (!pem) {
        fault("trust", pem.error());
      } else if (pem->find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
        fault("trust", file + ": holds no PEM certificate; convert it with openssl x509");
      }
    }
  }

  void check_listeners() {
    const auto running = running_ports(config_->data_dir);
    const BoundPorts bound = running.value_or(BoundPorts{});
    check_listener("proxy", config_->server.listen_proxy, bound.proxy);
    check_listener("api", config_->server.listen_api, bound.api);
    check_listener("admin", config_->server.listen_admin, bound.admin);
  }

  void check_listener(const std::string& name, const std::string& configured, std::uint16_t bound) {
    auto address = parse_listen_address(configured);
    if (!address) return;  // not listened on
    const std::string topic = "listen." + name;
    if (!address->host.starts_with("127.") && address->host != "::1") {
      warn(topic, configured +
                      " is reachable from other machines, and clients are not asked who "
                      "they are; let a firewall decide who may");
    }
    if (bound != 0) {
      address->port = bound;
      return ok(topic, to_string(*address) + ", held by the running gateway");
    }
    const std::string cause = try_to_bind(*address);
    if (cause.empty()) {
      ok(topic, configured + " is free");
    } else {
      fault(topic,
            configured + ": " + cause + "; stop what holds it (ss -ltnp), or choose another");
    }
  }

  static std::string try_to_bind(const ListenAddress& address) {
    sockaddr_storage storage{};
    socklen_t length = 0;
    if (address.ipv6) {
      auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
      in6->sin6_family = AF_INET6;
      in6->sin6_port = htons(address.port);
      ::inet_pton(AF_INET6, address.host.c_str(), &in6->sin6_addr);
      length = sizeof(sockaddr_in6);
    } else {
      auto* in4 = reinterpret_cast<sockaddr_in*>(&storage);
      in4->sin_family = AF_INET;
      in4->sin_port = htons(address.port);
      ::inet_pton(AF_INET, address.host.c_str(), &in4->sin_addr);
      length = sizeof(sockaddr_in);
    }
    const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return std::strerror(errno);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0;
    const std::string cause = bound ? std::string() : std::strerror(errno);
    ::close(fd);
    return cause;
  }

  void check_clock() {
    const std::time_t now = std::time(nullptr);
    constexpr std::time_t kTolerance = 300;
    const auto text = audit::format_time(static_cast<std::uint64_t>(now + kTolerance) * 1'000'000);
    if (now < kOldestSaneTime) {
      fault("clock", "it says " + text.substr(0, 10) + "; certificates will not verify: set it");
    } else if (!newest_record_.empty() && newest_record_ > text) {
      warn("clock", "the ledger's last record is from " + newest_record_ +
                        ", after now: the clock went back");
    } else {
      ok("clock", audit::format_time(static_cast<std::uint64_t>(now) * 1'000'000));
    }
  }

  const Config* config_ = nullptr;
  std::vector<std::string> domains_;
  std::string newest_record_;
  int faults_ = 0;
};

}  // namespace

int run_doctor(const DoctorOptions& options) {
  return Doctor().run(options.config);
}

}  // namespace customhouse::app
