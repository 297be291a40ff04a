// Every limit of the HTTP layer, with the attack it stops. All are set in the configuration
// (`limits:`); the defaults are what the LLM clients of 2026 need with a margin.
#pragma once

#include <chrono>
#include <cstddef>

namespace customhouse::proto {

struct HttpLimits {
  std::size_t max_head_bytes = 64 * 1024;  // request or status line and all fields: memory per connection
  std::size_t max_header_count = 200;      // quadratic look-ups, hash flooding at upstreams
  std::size_t max_target_bytes = 16 * 1024;
  std::size_t max_body_bytes = 64 * 1024 * 1024;  // request body as received, and again once decoded (bombs)
  std::size_t max_chunk_extension_bytes = 256;    // chunk extensions as a way to send endless nothing
  std::size_t max_trailer_bytes = 8 * 1024;
  std::size_t max_requests_per_connection = 10'000;
  // Every phase has an absolute end: a client that sends a byte a second gains nothing (slowloris).
  std::chrono::milliseconds handshake_timeout{10'000};  // CONNECT head and TLS handshake
  std::chrono::milliseconds head_timeout{15'000};       // first byte of a head to its last
  std::chrono::milliseconds body_timeout{120'000};      // whole request body
  std::chrono::milliseconds idle_timeout{300'000};      // between two requests on a kept connection
  std::chrono::milliseconds write_timeout{60'000};      // a client that does not read
};

}  // namespace customhouse::proto
