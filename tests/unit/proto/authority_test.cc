#include "gateway/proto/authority.h"

#include <gtest/gtest.h>

#include <string>

namespace customhouse::proto {
namespace {

using namespace std::string_literals;

struct Good {
  const char* text;
  Authority authority;
};

TEST(Authority, ReadsNamesAndAddresses) {
  const std::string label(63, 'a');
  for (const auto& [text, expected] : {
           Good{"api.openai.com:443", {"api.openai.com", 443, false}},
           Good{"API.OpenAI.Com:8443", {"api.openai.com", 8443, false}},
           Good{"api.openai.com", {"api.openai.com", 80, false}},
           Good{"api.openai.com.", {"api.openai.com", 80, false}},
           Good{"localhost:1", {"localhost", 1, false}},
           Good{"a_b.x-y.z:65535", {"a_b.x-y.z", 65535, false}},
           Good{"xn--bcher-kva.example", {"xn--bcher-kva.example", 80, false}},
           Good{"1password.com", {"1password.com", 80, false}},
           Good{"127.0.0.1:8080", {"127.0.0.1", 8080, true}},
           Good{"[::1]:443", {"::1", 443, true}},
           Good{"[2001:DB8:0:0:0:0:0:1]", {"2001:db8::1", 80, true}},
           Good{"[::ffff:127.0.0.1]:1", {"::ffff:127.0.0.1", 1, true}},
       }) {
    const auto authority = parse_authority(text, 80);
    ASSERT_TRUE(authority) << text;
    EXPECT_EQ(*authority, expected) << text;
  }
}

TEST(Authority, RefusesWhatTwoReadersCouldReadDifferently) {
  for (const std::string& text : {
           ""s,
           ":443"s,
           "."s,
           "a..b"s,
           ".a"s,
           "a.."s,
           "user@a"s,
           "user:pass@a"s,
           "a@b:443"s,
           "a b"s,
           " a"s,
           "a "s,
           "a\tb"s,
           "a\0b"s,
           "a\r\nb"s,
           "b\xc3\xbc"
           "cher.example"s,
           "a%2eb"s,
           "a/b"s,
           "a?b"s,
           "a#b"s,
           "a\\b"s,
           "a,b"s,
           "a;b"s,
           "*"s,
           "a:"s,
           "a:0"s,
           "a:00443"s,
           "a:65536"s,
           "a:99999"s,
           "a:100000"s,
           "a:+1"s,
           "a:-1"s,
           "a: 1"s,
           "a:1 "s,
           "a:0x50"s,
           "a:80:80"s,
           "::1"s,
           "::1:443"s,
           "[::1"s,
           "::1]"s,
           "[::1]x"s,
           "[::1]443"s,
           "[::1]:"s,
           "[]"s,
           "[a]"s,
           "[127.0.0.1]"s,
           "[fe80::1%eth0]"s,
           "[fe80::1%25eth0]"s,
           "[v1.a]"s,
           "[::1\0]"s,
           "[[::1]]"s,
           "[1:2:3:4:5:6:7:8:9]"s,
           // Numbers that a resolver takes for an address.
           "1"s,
           "127.1"s,
           "2130706433"s,
           "0x7f.0.0.1"s,
           "0x7f000001"s,
           "127.0.0.0x1"s,
           "0177.0.0.1"s,
           "127.0.0.01"s,
           "256.0.0.1"s,
           "1.2.3.4.5"s,
           "a.1"s,
           std::string(64, 'a'),
           std::string(63, 'a') + "." + std::string(63, 'a') + "." + std::string(63, 'a') + "." +
               std::string(62, 'a'),
       }) {
    const auto authority = parse_authority(text, 80);
    EXPECT_FALSE(authority) << text << " read as " << (authority ? authority->host : "");
    if (!authority) {
      EXPECT_EQ(authority.error().status, 400);
    }
  }
}

TEST(Authority, HasNoPortByDefaultForConnect) {
  EXPECT_FALSE(parse_authority("a.example", 0));
  EXPECT_FALSE(parse_authority("[::1]", 0));
  EXPECT_EQ(parse_authority("a.example:443", 0)->port, 443);
}

TEST(Authority, TextReadsBackAsItself) {
  EXPECT_EQ(to_string({"a.example", 443, false}, 443), "a.example");
  EXPECT_EQ(to_string({"a.example", 443, false}, 80), "a.example:443");
  EXPECT_EQ(to_string({"a.example", 443, false}), "a.example:443");
  EXPECT_EQ(to_string({"::1", 443, true}), "[::1]:443");
  EXPECT_EQ(to_string({"::1", 443, true}, 443), "[::1]");
  for (const char* text : {"a.example:443", "127.0.0.1:80", "[2001:db8::1]:8443"}) {
    EXPECT_EQ(to_string(*parse_authority(text, 0)), text);
  }
}

TEST(AbsoluteTarget, SplitsSchemeAuthorityAndOriginForm) {
  const auto check = [](std::string_view text, std::string_view scheme, std::string_view host,
                        int port, std::string_view origin) {
    const auto target = parse_absolute_target(text);
    ASSERT_TRUE(target) << text;
    EXPECT_EQ(target->scheme, scheme);
    EXPECT_EQ(target->authority.host, host);
    EXPECT_EQ(target->authority.port, port);
    EXPECT_EQ(target->origin_form, origin);
  };
  check("http://a.example/b?c=http://d", "http", "a.example", 80, "/b?c=http://d");
  check("HTTPS://A:8443", "https", "a", 8443, "/");
  check("https://a", "https", "a", 443, "/");
  check("http://a?b", "http", "a", 80, "/?b");
  check("http://[::1]:81//x", "http", "::1", 81, "//x");
}

TEST(AbsoluteTarget, RefusesTheRest) {
  for (const char* text : {"",
                           "/",
                           "a:443",
                           "http:/a",
                           "http:a",
                           "http://",
                           "http:///b",
                           "ftp://a/",
                           "ws://a/",
                           "http://u@a/",
                           "http://u:p@a/",
                           "http://a\\@b/",
                           "http://a:/",
                           "http://a#b",
                           "http://a/b#c",
                           "http://a /",
                           "http://a/\x01",
                           "://a/",
                           "http://a:0/",
                           "xhttp://a/"}) {
    EXPECT_FALSE(parse_absolute_target(text)) << text;
  }
}

}  // namespace
}  // namespace customhouse::proto
