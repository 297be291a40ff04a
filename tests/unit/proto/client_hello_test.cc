#include "gateway/proto/client_hello.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace customhouse::proto {
namespace {

std::string number(std::size_t value, int width) {
  std::string bytes;
  for (int i = width - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}
std::string vector(std::string_view body, int width) {
  return number(body.size(), width) + std::string(body);
}

/// The handshake message: an unknown extension first, then server_name.
std::string hello_message(std::string_view name) {
  const std::string server_name = vector('\0' + vector(name, 2), 2);
  const std::string extensions =
      number(0xfafa, 2) + vector("xy", 2) + number(0, 2) + vector(server_name, 2);
  const std::string body = "\x03\x03" + std::string(32, 'r') + vector(std::string(32, 's'), 1) +
                           vector("\x13\x01", 2) + vector(std::string(1, '\0'), 1) +
                           vector(extensions, 2);
  return '\x01' + vector(body, 3);
}
std::string record(std::string_view part) {
  return "\x16\x03\x01" + vector(part, 2);
}

TEST(ClientHelloTest, EveryPrefixNeedsMoreAndTheWholeTellsTheNameInLowerCase) {
  const std::string bytes = record(hello_message("API.openai.com."));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(parse_client_hello(std::string_view(bytes).substr(0, size)).status,
              ClientHello::Status::NeedMore)
        << size;
  }
  const ClientHello hello = parse_client_hello(bytes);
  EXPECT_EQ(hello.status, ClientHello::Status::Complete);
  EXPECT_EQ(hello.server_name, "api.openai.com");
}

TEST(ClientHelloTest, AMessageInTwoRecordsIsReadWhereverItIsCutAndHoweverMuchHasCome) {
  const std::string message = hello_message("api.openai.com");
  for (std::size_t cut = 1; cut < message.size(); ++cut) {
    const std::string bytes = record(message.substr(0, cut)) + record(message.substr(cut));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      ASSERT_EQ(parse_client_hello(std::string_view(bytes).substr(0, size)).status,
                ClientHello::Status::NeedMore)
          << cut << " " << size;
    }
    ASSERT_EQ(parse_client_hello(bytes).server_name, "api.openai.com") << cut;
  }
}

TEST(ClientHelloTest, WhatIsNotTlsIsToldAtTheFirstByte) {
  for (const std::string_view bytes : {"GET / HTTP/1.1", "S", "\x17\x03\x03", "\x16\x02"}) {
    EXPECT_EQ(parse_client_hello(bytes).status, ClientHello::Status::NotTls) << bytes;
  }
}

}  // namespace
}  // namespace customhouse::proto
