#include "gateway/net/run_on.h"

#include <boost/asio/post.hpp>
#include <exception>

namespace customhouse::net {

Task<void> run_on(asio::thread_pool& pool, std::function<void()> work) {
  std::exception_ptr failure;
  auto start = [&pool, &work, &failure](auto handler) {
    auto home = asio::get_associated_executor(handler);
    asio::post(pool, [&work, &failure, home, handler = std::move(handler)]() mutable {
      try {
        work();
      } catch (...) {
        failure = std::current_exception();
      }
      asio::post(home, std::move(handler));
    });
  };
  co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(start, asio::use_awaitable);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace customhouse::net
