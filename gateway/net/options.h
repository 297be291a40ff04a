// What the socket side is told. Filled by app from the configuration file (config/schema/).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gateway/proto/limits.h"

namespace customhouse::net {

struct UpstreamOptions {
  std::vector<std::string> extra_ca;  // PEM files trusted besides the system's store
  std::map<std::string, std::string>
      connect_to;  // "host:port" -> "address:port" (curl's --connect-to)
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds response_head_timeout{900'000};  // reasoning models think for minutes
  std::chrono::milliseconds idle_timeout{900'000};           // silence inside an answer
  std::chrono::milliseconds pool_idle_timeout{60'000};
  std::size_t pool_size = 64;  // idle connections kept per thread and host
};

enum class UnlistedHosts { Tunnel, Deny };

struct ServerOptions {
  std::string listen_proxy, listen_api, listen_admin;  // "address:port"; empty: not listened on
  std::size_t threads = 0;                             // 0: one per core
  std::size_t max_connections = 20'000;  // over it new ones wait in the kernel's queue
  UnlistedHosts unlisted_hosts = UnlistedHosts::Tunnel;
  bool allow_private_networks = false;  // tunnels to loopback, link-local, private addresses
  std::vector<std::uint16_t> tunnel_ports{443, 80};  // ports that unlisted hosts may be reached on
  std::chrono::milliseconds tunnel_idle_timeout{600'000};
  std::chrono::milliseconds ping_interval{15'000};  // silence after which a stream gets ": ping"
  std::chrono::milliseconds drain_timeout{30'000};  // SIGTERM: how long exchanges may finish
  proto::HttpLimits limits;
  UpstreamOptions upstream;
};

}  // namespace customhouse::net
