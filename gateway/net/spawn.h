// The only place that starts a coroutine. An exception that leaves one is a bug of ours: it is
// logged and counted by type, never swallowed, and takes only that connection with it.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <typeinfo>

#include "gateway/net/asio.h"
#include "gateway/telemetry/log.h"

namespace customhouse::net {

template <class Executor>
void spawn(const Executor& executor, Task<void> task) {
  asio::co_spawn(executor, std::move(task), [](std::exception_ptr error) {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      // The type only: what() may quote input.
      telemetry::log_error("internal_error", {{"exception", typeid(e).name()}});
    } catch (...) {
      telemetry::log_error("internal_error", {{"exception", "unknown"}});
    }
  });
}

}  // namespace customhouse::net
