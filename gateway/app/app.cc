#include "gateway/app/app.h"

#include <unistd.h>

#include <future>
#include <optional>
#include <utility>

#include "gateway/app/client_environment.h"
#include "gateway/app/config_values.h"
#include "gateway/app/files.h"
#include "gateway/app/ledger_key_file.h"
#include "gateway/telemetry/log.h"

namespace customhouse::app {
namespace {

std::unexpected<StartError> refuse(std::string what, int exit_code = kExitUsage) {
  return std::unexpected(StartError{exit_code, {std::move(what)}});
}

std::string bound_address(const std::string& configured, std::uint16_t port) {
  auto address = parse_listen_address(configured);
  if (!address) return {};
  address->port = port;
  return to_string(*address);
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

telemetry::Level level_of(const std::string& name) {
  if (name == "debug") return telemetry::Level::Debug;
  if (name == "warning") return telemetry::Level::Warning;
  return name == "error" ? telemetry::Level::Error : telemetry::Level::Info;
}

}  // namespace

std::expected<std::unique_ptr<App>, StartError> App::start(Config config) {
  telemetry::set_level(level_of(config.log_level));
  std::unique_ptr<App> app(new App(std::move(config)));
  if (auto opened = app->open(); !opened) return std::unexpected(std::move(opened.error()));
  if (auto served = app->bind_and_serve(); !served) {
    return std::unexpected(std::move(served.error()));
  }
  return app;
}

App::~App() {
  stop();
}

std::expected<void, StartError> App::open() {
  auto lock = DataDirLock::acquire(config_.data_dir);
  if (!lock) return refuse(lock.error());
  lock_.emplace(std::move(*lock));

  auto key = load_or_create_pseudonym_key(config_.data_dir);
  if (!key) return refuse(key.error());
  auto snapshot = load_snapshot(config_, std::move(*key));
  if (!snapshot) return std::unexpected(StartError{kExitUsage, std::move(snapshot.error())});
  snapshot_ = std::move(*snapshot);

  if (auto made = make_folder(folder_of(config_.ca_certificate)); !made)
    return refuse(made.error());
  if (auto made = make_folder(folder_of(config_.ca_private_key)); !made)
    return refuse(made.error());
  const auto domains = snapshot_->providers->constraint_domains();
  auto ca = net::CertificateAuthority::load_or_create(
      {config_.ca_certificate, config_.ca_private_key, domains});
  if (!ca) return refuse(ca.error());
  ca_ = std::move(*ca);
  return open_ledger();
}

std::expected<void, StartError> App::open_ledger() {
  const auto what = [](const std::string& cause) {
    return "the ledger cannot be written: " + cause +
           "; nothing leaves without it. Run customhouse doctor";
  };
  auto key = load_or_create_ledger_key(config_);
  if (!key) return refuse(key.error());
  config_.audit.signer = std::move(*key);
  auto log = audit::Log::open(config_.audit);
  if (!log && log.error().kind == audit::LogError::Kind::RolledBack) {
    return refuse("rollback detected: the ledger is not what was signed: " + log.error().what +
                      ". Put back the newest ledger, or accept the loss with customhouse audit gap "
                      "(customhouse audit verify says what is there)",
                  kExitNoLedger);
  }
  if (!log) return refuse(what(log.error().what), kExitNoLedger);
  log_ = std::move(*log);
  if (const auto seq = record("start"); !seq) return refuse(what(seq.error()), kExitNoLedger);
  return {};
}

std::expected<void, StartError> App::bind_and_serve() {
  const auto admin_address = parse_listen_address(config_.server.listen_admin);
  admin_ = std::make_unique<Admin>(
      Admin::Sources{.metrics = &metrics_,
                     .log = log_.get(),
                     .ca_pem = ca_->certificate_pem(),
                     .serve_entries = config_.serve_entries,
                     .listen_host = admin_address ? admin_address->host : std::string(),
                     .providers = [this] { return snapshot()->providers; }});
  auto server =
      net::Server::create(config_.server, ca_, snapshot_, *log_, metrics_,
                          [this](const proto::RequestHead& head) { return admin_->answer(head); });
  if (!server) return refuse(server.error());
  server_ = std::move(*server);

  listeners_ = {bound_address(config_.server.listen_proxy, server_->proxy_port()),
                bound_address(config_.server.listen_api, server_->api_port()),
                bound_address(config_.server.listen_admin, server_->admin_port())};
  admin_->set_proxy(listeners_.proxy);
  if (auto written = write_bundle(config_); !written) {
    telemetry::log_warning("client_bundle_not_written", {{"reason", written.error()}});
  }
  server_->start();
  // Last: who waits for this file finds a gateway that answers.
  if (auto written = write_bound_ports(
          config_.data_dir,
          {server_->proxy_port(), server_->api_port(), server_->admin_port(), ::getpid()});
      !written) {
    return refuse(written.error());
  }
  telemetry::log_info("started", {{"proxy", listeners_.proxy},
                                  {"api", listeners_.api},
                                  {"admin", listeners_.admin},
                                  {"policy", snapshot_->rules->digest()}});
  return {};
}

std::expected<void, Complaints> App::reload() {
  const auto current = snapshot();
  auto fresh = load_snapshot(config_, current->pseudonym_key);
  Complaints complaints;
  if (!fresh) {
    complaints = std::move(fresh.error());
  } else if (const auto lacking =
                 ca_->domains_not_permitted((*fresh)->providers->constraint_domains());
             !lacking.empty()) {
    complaints = {config_.providers + ": the CA may not vouch for " + join(lacking) +
                  "; remove these hosts, or stop the gateway, move the CA files away and start it "
                  "again (clients must then trust the new CA)"};
  }
  if (!complaints.empty()) {
    for (const auto& complaint : complaints) {
      telemetry::log_error("reload_refused", {{"reason", complaint}});
    }
    return std::unexpected(std::move(complaints));
  }
  server_->swap_snapshot(*fresh);
  {
    const std::scoped_lock lock(snapshot_mutex_);
    snapshot_ = std::move(*fresh);
  }
  if (const auto seq = record("reload"); !seq) {
    telemetry::log_error("reload_not_recorded", {{"reason", seq.error()}});
  }
  telemetry::log_info("reloaded", {{"policy", snapshot()->rules->digest()}});
  return {};
}

void App::stop() {
  if (server_) {
    telemetry::log_info("draining", {{"exchanges", server_->active_exchanges()}});
    admin_->set_draining();
    server_->drain();
    remove_bound_ports(config_.data_dir);
    server_.reset();
  }
  if (log_) {
    if (const auto seq = record("stop"); !seq) {
      telemetry::log_error("stop_not_recorded", {{"reason", seq.error()}});
    }
    log_->close();
    log_.reset();
    telemetry::log_info("stopped");
  }
}

std::expected<std::uint64_t, std::string> App::record(const std::string& kind) {
  audit::Record record;
  record.kind = kind;
  record.policy = snapshot()->rules->digest();
  std::promise<std::expected<std::uint64_t, std::string>> durable;
  log_->append(std::move(record), [&](std::expected<std::uint64_t, audit::LogError> seq) {
    if (seq) {
      durable.set_value(*seq);
    } else {
      durable.set_value(std::unexpected(seq.error().what));
    }
  });
  return durable.get_future().get();
}

std::shared_ptr<const flow::Snapshot> App::snapshot() const {
  const std::scoped_lock lock(snapshot_mutex_);
  return snapshot_;
}

}  // namespace customhouse::app
