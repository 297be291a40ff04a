// serve: the gateway as a process: signals, limits, and what a person sees at the start.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "gateway/app/app.h"
#include "gateway/app/client_environment.h"
#include "gateway/app/command_support.h"
#include "gateway/app/commands.h"
#include "gateway/app/config_values.h"
#include "gateway/telemetry/log.h"

namespace customhouse::app {
namespace {

void raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    telemetry::log_warning("open_files_limit_not_raised", {{"reason", std::strerror(errno)}});
  }
}

/// The signals that we wait for; blocked before any thread starts, so that every thread inherits
/// it.
sigset_t block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

std::string line(std::string_view label, const std::string& value) {
  std::string out = "  " + std::string(label);
  out.resize(12, ' ');
  return out + value + "\n";
}

std::string welcome(const App& app) {
  const auto& listeners = app.listeners();
  std::string out = "Customhouse is running (process " + std::to_string(::getpid()) + ").\n";
  if (!listeners.proxy.empty()) out += line("proxy", "http://" + listeners.proxy);
  if (!listeners.api.empty()) {
    out += line("base URLs", "http://" + listeners.api + "/openai/v1, /anthropic, /gemini, …");
  }
  if (!listeners.admin.empty()) out += line("admin", "http://" + listeners.admin + "/");
  out += line("CA", app.config().ca_certificate);
  out += line("ledger", app.config().audit.directory);
  const auto environment = environment_of(app.config());
  if (environment) {
    out += "\nClients started with these settings go through it (customhouse env):\n" +
           render(*environment, Shell::Sh);
  } else {
    out += "\n" + environment.error() + "\n";
  }
  return out + "\nStop it with Ctrl-C or SIGTERM; SIGHUP reads policies and providers again.\n";
}

}  // namespace

int run_serve(const ServeOptions& options) {
  ::umask(077);
  raise_open_files_limit();
  const sigset_t signals = block_signals();
  auto config = load_config_or_complain(options.config);
  if (!config) return kExitUsage;
  auto app = App::start(std::move(*config));
  if (!app) {
    complain(app.error().complaints);
    return app.error().exit_code;
  }
  write_standard_output(welcome(**app));
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGHUP) break;
    // A refusal is logged with its reason; the gateway goes on with what it has.
    static_cast<void>((*app)->reload());
  }
  // While exchanges finish, a second signal ends the process at once.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*app)->stop();
  return kExitDone;
}

}  // namespace customhouse::app
