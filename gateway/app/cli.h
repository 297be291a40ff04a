// The command line: argv in, exit code out.
#pragma once

namespace customhouse::app {

int run_command_line(int argc, const char* const* argv);

}  // namespace customhouse::app
