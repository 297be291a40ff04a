// env and exec: a client's settings, printed or set.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "gateway/app/app.h"
#include "gateway/app/client_environment.h"
#include "gateway/app/command_support.h"
#include "gateway/app/commands.h"

namespace customhouse::app {
namespace {

std::optional<Environment> environment_or_complain(const std::string& file) {
  const auto config = load_config_or_complain(file);
  if (!config) return std::nullopt;
  auto environment = environment_of(*config);
  if (environment) return std::move(*environment);
  complain(environment.error());
  return std::nullopt;
}

}  // namespace

int run_env(const EnvOptions& options) {
  const auto environment = environment_or_complain(options.config);
  if (!environment) return kExitUsage;
  return write_standard_output(render(*environment, options.shell)) ? kExitDone : kExitNo;
}

int run_exec(const ExecOptions& options) {
  const auto environment = environment_or_complain(options.config);
  if (!environment) return kExitUsage;
  for (const auto& [name, value] : *environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<std::string> words = options.command;
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  const int cause = errno;
  complain("cannot run " + words.front() + ": " + std::strerror(cause));
  return cause == ENOENT ? 127 : 126;  // as shells do
}

}  // namespace customhouse::app
