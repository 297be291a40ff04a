// Work for the CPU pool, awaited from a connection's thread.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>

#include "gateway/net/asio.h"

namespace customhouse::net {

/// Runs `work` on the pool and comes back to this coroutine's thread. What it throws is thrown
/// here.
Task<void> run_on(asio::thread_pool& pool, std::function<void()> work);

}  // namespace customhouse::net
