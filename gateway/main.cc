// Parse argv, run one command, map the result to an exit code: 0 done, 1 no, 2 usage, 75 no ledger.
#include <cstdio>
#include <exception>

#include "gateway/app/cli.h"

int main(int argc, char** argv) {
  try {
    return customhouse::app::run_command_line(argc, argv);
  } catch (const std::exception&) {
    // A bug or an exhausted machine. what() may quote input: it is not printed.
    std::fputs("customhouse: internal fault; nothing more was done\n", stderr);
    return 2;
  }
}
