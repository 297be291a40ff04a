#include <gtest/gtest.h>

#include <ctime>
#include <stdexcept>
#include <string>

#include "http1_harness.h"

namespace customhouse::proto {
namespace {

using Role = Http1Decoder::Role;
using namespace std::string_literals;

std::string names(const HeaderList& headers) {
  std::string text;
  for (const auto& [name, value] : headers.fields()) text += name + "=" + value + ";";
  return text;
}

TEST(HeaderList, ComparesNamesWithoutCase) {
  HeaderList headers;
  headers.add("Accept", "a");
  headers.add("X", "1");
  headers.add("ACCEPT", "b");
  EXPECT_EQ(*headers.find("accept"), "a");
  EXPECT_EQ(headers.count("aCCept"), 2U);
  EXPECT_EQ(headers.find("Accep"), nullptr);
  EXPECT_EQ(headers.remove("accept"), 2U);
  EXPECT_EQ(headers.remove("accept"), 0U);
  EXPECT_EQ(names(headers), "X=1;");
}

TEST(HeaderList, SetReplacesInPlaceAndDropsRepetitions) {
  HeaderList headers;
  headers.add("A", "1");
  headers.add("b", "2");
  headers.add("a", "3");
  headers.set("a", "4");
  headers.set("C", "5");
  EXPECT_EQ(names(headers), "A=4;b=2;C=5;");
}

TEST(HeaderList, FindsTokensInListsOnly) {
  HeaderList headers;
  headers.add("Connection", "x ,\tClose,");
  headers.add("connection", "upgrade");
  EXPECT_TRUE(headers.has_token("Connection", "close"));
  EXPECT_TRUE(headers.has_token("Connection", "UPGRADE"));
  EXPECT_FALSE(headers.has_token("Connection", "clos"));
  EXPECT_FALSE(headers.has_token("Connection", ""));
  EXPECT_FALSE(headers.has_token("Upgrade", "close"));
}

TEST(Http1Write, RequestsReadBackAsWritten) {
  RequestHead head{.method = "POST", .target = "/v1?x=y", .minor_version = 1, .headers = {}};
  head.headers.add("Host", "a.example:8443");
  head.headers.add("Transfer-Encoding", "chunked");
  head.headers.add("X", "a\tb\xff");
  std::string wire;
  append_head(wire, head);
  append_chunk(wire, "");
  append_chunk(wire, std::string(26, 'x'));
  append_chunk(wire, "\r\n0\r\n\r\n");
  HeaderList trailers;
  trailers.add("Sum", "1");
  append_last_chunk(wire, trailers);
  EXPECT_EQ(wire,
            "POST /v1?x=y HTTP/1.1\r\nHost: a.example:8443\r\nTransfer-Encoding: chunked\r\n"
            "X: a\tb\xff\r\n\r\n1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n7\r\n\r\n0\r\n\r\n\r\n"
            "0\r\nSum: 1\r\n\r\n");
  EXPECT_EQ(read_pieces(Role::Request, {wire}).events,
            "[POST /v1?x=y 1.1|Host=a.example:8443|Transfer-Encoding=chunked|X=a\tb\xff]body:"
            "xxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n[end|Sum=1]");
}

TEST(Http1Write, ResponsesReadBackAsWritten) {
  ResponseHead head{.status = 404, .reason = "", .minor_version = 0, .headers = {}};
  head.headers.add("Content-Length", "0");
  std::string wire;
  append_head(wire, head);
  EXPECT_EQ(wire, "HTTP/1.0 404 \r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(read_pieces(Role::Response, {wire}).events, "[404  1.0|Content-Length=0][end]");
}

TEST(Http1Write, NothingThatCouldSplitAMessageIsWritten) {
  const auto refused = [](const RequestHead& head) {
    std::string out = "before";
    EXPECT_THROW(append_head(out, head), std::logic_error);
    EXPECT_EQ(out, "before");
  };
  refused({.method = "GET\r\n", .target = "/", .minor_version = 1, .headers = {}});
  refused({.method = "", .target = "/", .minor_version = 1, .headers = {}});
  refused({.method = "GET", .target = "/ HTTP/1.1\r\nX: y", .minor_version = 1, .headers = {}});
  refused({.method = "GET", .target = "", .minor_version = 1, .headers = {}});
  refused({.method = "GET", .target = "/", .minor_version = 2, .headers = {}});
  for (const auto& [name, value] :
       {HeaderField{"X", "a\r\nY: b"}, HeaderField{"X", "a\nb"}, HeaderField{"X", "a\0b"s},
        HeaderField{"X\r\nY", "a"}, HeaderField{"X:", "a"}, HeaderField{"", "a"}}) {
    RequestHead head{.method = "GET", .target = "/", .minor_version = 1, .headers = {}};
    head.headers.add(name, value);
    refused(head);
    ResponseHead response{
        .status = 200, .reason = "OK", .minor_version = 1, .headers = head.headers};
    std::string out;
    EXPECT_THROW(append_head(out, response), std::logic_error);
    EXPECT_THROW(append_last_chunk(out, head.headers), std::logic_error);
    EXPECT_EQ(out, "");
  }
  std::string out;
  EXPECT_THROW(
      append_head(
          out, ResponseHead{.status = 200, .reason = "a\r\nb", .minor_version = 1, .headers = {}}),
      std::logic_error);
  EXPECT_THROW(append_head(out, ResponseHead{}), std::logic_error);
}

TEST(StripHopByHop, RemovesTheListedAndTheNamed) {
  HeaderList headers;
  for (const char* name :
       {"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
        "Proxy-Authentication-Info", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "HTTP2-Settings", "X-Named", "x-also", "Accept", "Proxy", "Tea"}) {
    headers.add(name, std::string_view(name) == "Connection" ? "x-named , close" : "1");
  }
  headers.add("connection", "X-ALSO");
  strip_hop_by_hop(headers);
  EXPECT_EQ(names(headers), "Accept=1;Proxy=1;Tea=1;");
}

TEST(StripHopByHop, KeepsHostAndLengthWhateverConnectionSays) {
  HeaderList headers;
  headers.add("Host", "a");
  headers.add("content-length", "1");
  headers.add("Connection", "host, Content-Length, content-type");
  headers.add("Content-Type", "b");
  strip_hop_by_hop(headers);
  EXPECT_EQ(names(headers), "Host=a;content-length=1;");
}

TEST(Http1Speed, AByteAtATimeStaysLinear) {
  // Quadratic searching would look at 2^39 bytes here, most of a minute.
  const HttpLimits limits{.max_head_bytes = 1 << 20};
  const std::string head =
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1'000'000, 'x') + "\r\n\r\n";
  const std::clock_t begin = std::clock();
  Http1Decoder decoder(Role::Request, limits);
  bool complete = false;
  for (std::size_t size = 1; size <= head.size(); ++size) {
    std::size_t used = 0;
    const auto polled = decoder.poll(std::string_view(head).substr(0, size), used);
    ASSERT_TRUE(polled);
    complete = polled->has_value();
  }
  EXPECT_TRUE(complete);
  EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 10);  // of this process, not the machine
}

}  // namespace
}  // namespace customhouse::proto
