// Runs the program under test. It stands in the build folder above the tests' binaries, and CMake
// builds it first.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/app/temporary_folder.h"

namespace customhouse::app {

inline std::string program_path() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() /
         "customhouse";
}

/// A running child; its standard output comes through a pipe, its standard error goes to a file.
class ChildProcess {
 public:
  ChildProcess(std::vector<std::string> words, const std::string& input)
      : input_(folder_.write("in", input)) {
    words.insert(words.begin(), program_path());
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    const std::string error_file = folder_.path() + "/err";
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(::open(input_.c_str(), O_RDONLY), STDIN_FILENO);
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(::open(error_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
      ::execv(argv[0], argv.data());
      ::_exit(99);
    }
    ::close(ends[1]);
    out_ = ends[0];
  }
  ~ChildProcess() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(out_);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Reads standard output until it holds `text` or ends.
  std::string read_until(const std::string& text) {
    while (output_.find(text) == std::string::npos && read_some()) {
    }
    return output_;
  }
  /// Exit code; 128 + signal if it was killed by one.
  int wait() {
    while (read_some()) {
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  void signal(int number) const { ::kill(pid_, number); }
  const std::string& output() const { return output_; }
  std::string errors() const { return slurp(folder_.path() + "/err"); }

 private:
  bool read_some() {
    char block[4096];
    const ssize_t n = ::read(out_, block, sizeof block);
    if (n <= 0) return false;
    output_.append(block, static_cast<std::size_t>(n));
    return true;
  }

  TemporaryFolder folder_;
  std::string input_;
  pid_t pid_ = -1;
  int out_ = -1;
  std::string output_;
};

struct Ran {
  int code = 0;
  std::string out, err;
};
inline Ran run_program(std::vector<std::string> words, const std::string& input = "") {
  ChildProcess child(std::move(words), input);
  const int code = child.wait();
  return {code, child.output(), child.errors()};
}

/// A configuration in `folder` with the shipped policy and providers and ports that the system
/// chooses. `more` is added at its end.
inline std::string write_test_config(const TemporaryFolder& folder, const std::string& more = "") {
  const std::string shipped = std::string(CUSTOMHOUSE_SOURCE_DIR) + "/config/";
  return folder.write("customhouse.yaml",
                      "listen: {proxy: '127.0.0.1:0', api: '127.0.0.1:0', "
                      "admin: '127.0.0.1:0'}\n"
                      "data_dir: var\nproviders: " +
                          shipped + "providers.yaml\npolicies: [" + shipped +
                          "policies/default.yaml]\nthreads: 1\n" + more);
}

}  // namespace customhouse::app
