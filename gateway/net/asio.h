// The few Asio names the socket side uses, in one place.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace customhouse::net {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
template <class T>
using Task = asio::awaitable<T>;

/// Completion token: expected failures come back as values, not exceptions.
inline constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

}  // namespace customhouse::net
