// The server name of a TLS ClientHello (RFC 8446 §4.1.2, RFC 6066 §3), peeked at without taking
// part in the handshake: also when it is cut into several TCP segments or TLS records.
#pragma once

#include <string>
#include <string_view>

namespace customhouse::proto {

struct ClientHello {
  enum class Status : unsigned char {
    NeedMore,   // so far a valid beginning
    Complete,   // `server_name` is the SNI, lower case; empty if there is none
    NotTls,     // no TLS, or a hello that is malformed or over 64 KiB
  } status = Status::NeedMore;
  std::string server_name;
};

/// `bytes` is everything the client has sent so far.
ClientHello parse_client_hello(std::string_view bytes);

}  // namespace customhouse::proto
