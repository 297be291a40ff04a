#include "gateway/proto/client_hello.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace customhouse::proto {

namespace {

constexpr std::size_t kMaxHelloBytes = 64 * 1024;
constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHelloMessage = 1;
constexpr std::size_t kServerNameExtension = 0;

std::size_t number(std::string_view bytes, std::size_t at, std::size_t width) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

/// A cursor that never leaves its bytes: every take says whether there was enough.
struct Cursor {
  std::string_view rest;
  bool ok = true;

  std::string_view take(std::size_t size) {
    if (size > rest.size()) {
      ok = false;
      rest = {};
      return {};
    }
    const std::string_view taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return taken;
  }
  std::size_t take_number(std::size_t width) {
    const std::string_view taken = take(width);
    return ok ? number(taken, 0, width) : 0;
  }
  std::string_view take_vector(std::size_t length_width) { return take(take_number(length_width)); }
};

std::optional<std::string> server_name_of(std::string_view message) {
  Cursor hello{message};
  hello.take(2 + 32);     // legacy_version, random
  hello.take_vector(1);   // legacy_session_id
  hello.take_vector(2);   // cipher_suites
  hello.take_vector(1);   // legacy_compression_methods
  if (!hello.ok) return std::nullopt;
  if (hello.rest.empty()) return std::string{};
  Cursor extensions{hello.take_vector(2)};
  if (!hello.ok) return std::nullopt;
  while (!extensions.rest.empty()) {
    const std::size_t type = extensions.take_number(2);
    const std::string_view body = extensions.take_vector(2);
    if (!extensions.ok) return std::nullopt;
    if (type != kServerNameExtension) continue;
    Cursor list{body};
    Cursor entry{list.take_vector(2)};
    const std::size_t name_type = entry.take_number(1);
    std::string name(entry.take_vector(2));
    if (!list.ok || !entry.ok || name_type != 0) return std::nullopt;
    std::ranges::transform(name, name.begin(), [](unsigned char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    });
    while (name.ends_with('.')) name.pop_back();
    return name;
  }
  return std::string{};
}

}  // namespace

ClientHello parse_client_hello(std::string_view bytes) {
  ClientHello result;
  std::string message;  // the handshake message, joined from its records
  while (!bytes.empty()) {
    if (static_cast<std::uint8_t>(bytes[0]) != kHandshakeRecord || (bytes.size() > 1 && bytes[1] != 3)) {
      result.status = ClientHello::Status::NotTls;
      return result;
    }
    if (bytes.size() < 5) return result;
    const std::size_t length = number(bytes, 3, 2);
    if (length == 0 || message.size() + length > kMaxHelloBytes) {
      result.status = ClientHello::Status::NotTls;
      return result;
    }
    message.append(bytes.substr(5, length));
    if (message.empty()) return result;  // only the record's head has come
    if (static_cast<std::uint8_t>(message[0]) != kClientHelloMessage) {
      result.status = ClientHello::Status::NotTls;
      return result;
    }
    if (message.size() >= 4) {
      const std::size_t size = number(message, 1, 3);
      if (size > kMaxHelloBytes) {
        result.status = ClientHello::Status::NotTls;
        return result;
      }
      if (message.size() >= 4 + size) {
        auto name = server_name_of(std::string_view(message).substr(4, size));
        result.status = name ? ClientHello::Status::Complete : ClientHello::Status::NotTls;
        if (name) result.server_name = std::move(*name);
        return result;
      }
    }
    if (bytes.size() < 5 + length) return result;
    bytes.remove_prefix(5 + length);
  }
  return result;
}

}  // namespace customhouse::proto
