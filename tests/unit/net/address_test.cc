#include "gateway/net/address.h"

#include <gtest/gtest.h>

namespace customhouse::net {
namespace {

TEST(Address, PrivateAndSpecialRangesAreNotPublic) {
  for (const char* text :
       {"127.0.0.1",        "127.255.255.255", "0.0.0.0",       "10.1.2.3",
        "172.16.0.1",       "172.31.255.255",  "192.168.1.1",   "169.254.169.254",
        "100.64.0.1",       "100.127.255.255", "192.0.0.1",     "192.0.2.1",
        "198.18.0.1",       "198.51.100.1",    "203.0.113.1",   "224.0.0.1",
        "240.0.0.1",        "255.255.255.255", "::1",           "::",
        "fe80::1",          "fc00::1",         "fdff::1",       "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::",
        "64:ff9b::7f00:1",  "64:ff9b:1::1",    "2001:db8::1",   "2001::1"}) {
    EXPECT_FALSE(is_public(asio::ip::make_address(text))) << text;
  }
}

TEST(Address, OrdinaryInternetAddressesArePublic) {
  for (const char* text : {"1.1.1.1", "104.18.6.192", "172.32.0.1", "100.128.0.1", "192.0.3.1",
                           "198.20.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8",
                           "64:ff9b::808:808", "2002:808:808::1"}) {
    EXPECT_TRUE(is_public(asio::ip::make_address(text))) << text;
  }
}

TEST(Address, EndpointsAreParsedStrictly) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:8080")->port(), 8080);
  EXPECT_EQ(parse_endpoint("[::1]:0")->address().to_string(), "::1");
  for (const char* text : {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                           "127.0.0.1:80x", "host:80", ":80"}) {
    EXPECT_FALSE(parse_endpoint(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace customhouse::net
