#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http1_harness.h"

namespace customhouse::proto {
namespace {

using Role = Http1Decoder::Role;

/// The result for the whole input, after making sure that every cut, and one byte at a time, give
/// the same.
Transcript read(Role role, std::string_view input, const HttpLimits& limits = {},
                std::string_view method = {}) {
  const Transcript whole = read_pieces(role, {input}, limits, method);
  for (std::size_t cut = 1; cut < input.size(); ++cut) {
    EXPECT_EQ(read_pieces(role, {input.substr(0, cut), input.substr(cut)}, limits, method), whole)
        << "cut at " << cut;
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < input.size(); ++i) bytes.push_back(input.substr(i, 1));
  EXPECT_EQ(read_pieces(role, bytes, limits, method), whole) << "byte by byte";
  return whole;
}

std::string post(std::string_view fields, std::string_view body = "") {
  return "POST /v1 HTTP/1.1\r\nHost: a.example\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}

std::string chunked(std::string_view body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}

struct Refusal {
  std::string name;
  std::string input;
  int status;
};

void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << refusal.name;
}

class RequestRefused : public testing::TestWithParam<Refusal> {};

TEST_P(RequestRefused, HoweverItIsCut) {
  const Transcript result = read(Role::Request, GetParam().input);
  EXPECT_EQ(result.error, GetParam().status) << result.what << result.events;
  EXPECT_FALSE(result.keep_alive);
}

INSTANTIATE_TEST_SUITE_P(
    Framing, RequestRefused,
    testing::Values(
        Refusal{"CL and TE",
                post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        Refusal{"TE and CL",
                post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400},
        Refusal{"CL 0 and TE", post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400},
        Refusal{"CL and TE identity",
                post("Content-Length: 1\r\nTransfer-Encoding: identity\r\n", "x"), 400},
        Refusal{"equal CLs", post("Content-Length: 1\r\nContent-Length: 1\r\n", "x"), 400},
        Refusal{"different CLs", post("Content-Length: 1\r\ncontent-length: 2\r\n", "xy"), 400},
        Refusal{"listed CL", post("Content-Length: 5, 5\r\n", "hello"), 400},
        Refusal{"signed CL", post("Content-Length: +5\r\n", "hello"), 400},
        Refusal{"negative CL", post("Content-Length: -1\r\n"), 400},
        Refusal{"empty CL", post("Content-Length:\r\n"), 400},
        Refusal{"hex CL", post("Content-Length: 0x5\r\n", "hello"), 400},
        Refusal{"CL with exponent", post("Content-Length: 1e1\r\n"), 400},
        Refusal{"CL with inner space", post("Content-Length: 1 0\r\n"), 400},
        Refusal{"CL with tab", post("Content-Length:\t5\r\n", "hello"), 400},
        Refusal{"CL past 64 bits", post("Content-Length: 18446744073709551616\r\n"), 400},
        Refusal{"CL past the limit", post("Content-Length: 67108865\r\n"), 413},
        Refusal{"CL of 64 bits", post("Content-Length: 18446744073709551615\r\n"), 413},
        Refusal{"space before colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400},
        Refusal{"tab before colon", post("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n"), 400},
        Refusal{"tab before chunked", post("Transfer-Encoding:\tchunked\r\n", "0\r\n\r\n"), 400},
        Refusal{"tab after chunked", post("Transfer-Encoding: chunked\t\r\n", "0\r\n\r\n"), 400},
        Refusal{"vertical tab before chunked",
                post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"), 400},
        Refusal{"chunked not last", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
                400},
        Refusal{"identity first", post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"),
                501},
        Refusal{"gzip first", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
        Refusal{"chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 501},
        Refusal{"TE twice",
                post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
                400},
        Refusal{"equal TEs",
                post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                400},
        Refusal{"xchunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400},
        Refusal{"quoted chunked", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 400},
        Refusal{"chunked with parameter", post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"),
                400},
        Refusal{"chunked with comma", post("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n"), 400},
        Refusal{"comma before chunked", post("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n"), 501},
        Refusal{"empty TE", post("Transfer-Encoding:\r\n"), 400},
        Refusal{"identity", post("Transfer-Encoding: identity\r\n"), 400},
        Refusal{"folded TE", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 400},
        Refusal{"TE behind a fold", post("X: y\r\n\tTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                400},
        Refusal{"TE in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                400},
        Refusal{"CONNECT with CL", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
                400},
        Refusal{"CONNECT with TE",
                "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400}));

using namespace std::string_literals;

INSTANTIATE_TEST_SUITE_P(
    Head, RequestRefused,
    testing::Values(
        Refusal{"leading CRLF", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"leading LF", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"TLS hello", "\x16\x03\x01\x02\x00\x01", 400},
        Refusal{"bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", 400},
        Refusal{"bare LF in head", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
        Refusal{"bare LF at end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
        Refusal{"bare CR in value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400},
        Refusal{"CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400},
        Refusal{"bare CR in request line", "GET / HTTP/1.1\rX\r\nHost: a\r\n\r\n", 400},
        Refusal{"NUL in value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"s, 400},
        Refusal{"NUL in name", "GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n"s, 400},
        Refusal{"NUL in target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, 400},
        Refusal{"DEL in value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400},
        Refusal{"escape in value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[0m\r\n\r\n", 400},
        Refusal{"fold", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", 400},
        Refusal{"fold before fields", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        Refusal{"no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400},
        Refusal{"empty name", "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n", 400},
        Refusal{"name with space", "GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n", 400},
        Refusal{"name with paren", "GET / HTTP/1.1\r\nHost: a\r\nX(: z\r\n\r\n", 400},
        Refusal{"name not ASCII", "GET / HTTP/1.1\r\nHost: a\r\nX\xc3\xa9: z\r\n\r\n", 400},
        Refusal{"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"method no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"only a method", "GET\r\nHost: a\r\n\r\n", 400},
        Refusal{"HTTP/0.9", "GET /\r\n\r\n", 400},
        Refusal{"no target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"two spaces before version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"tab as separator", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"space behind version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        Refusal{"space in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"target not ASCII", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"star for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"CONNECT to a path", "CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        Refusal{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        Refusal{"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
        Refusal{"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        Refusal{"other protocol", "GET / RTSP/1.0\r\nHost: a\r\n\r\n", 400},
        Refusal{"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        Refusal{"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400},
        Refusal{"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        Refusal{"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        Refusal{"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
        Refusal{"Host with userinfo", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
        Refusal{"Host with tab", "GET / HTTP/1.1\r\nHost:\ta\r\n\r\n", 400}));

INSTANTIATE_TEST_SUITE_P(
    Chunks, RequestRefused,
    testing::Values(Refusal{"plus", chunked("+5\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"minus", chunked("-5\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"0x", chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"space before size", chunked(" 5\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"space behind size", chunked("5 \r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"tab behind size", chunked("5\t\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"space before extension", chunked("5 ;a\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"no size", chunked("\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"extension without size", chunked(";a\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"no hex", chunked("g\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"underscore", chunked("1_0\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"17 digits", chunked("00000000000000005\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"overflow", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"all bits", chunked("ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), 413},
                    Refusal{"wraps with the second chunk",
                            chunked("1\r\na\r\nffffffffffffffff\r\nhello\r\n"), 413},
                    Refusal{"size ends in LF", chunked("5\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"size ends in CR", chunked("5\rhello\r\n0\r\n\r\n"), 400},
                    Refusal{"extension ends in LF", chunked("5;a\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"CR in extension", chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"NUL in extension", chunked("5;\0\r\nhello\r\n0\r\n\r\n"s), 400},
                    Refusal{"data ends in LF", chunked("5\r\nhello\n0\r\n\r\n"), 400},
                    Refusal{"data ends in CR", chunked("5\r\nhello\r0\r\n\r\n"), 400},
                    Refusal{"data too long", chunked("5\r\nhello!\r\n0\r\n\r\n"), 400},
                    Refusal{"long extension",
                            chunked("5;" + std::string(256, 'x') + "\r\nhello\r\n0\r\n\r\n"), 400},
                    Refusal{"endless extension", chunked("5;" + std::string(400, 'x')), 400},
                    Refusal{"trailer CL", chunked("0\r\nContent-Length: 5\r\n\r\n"), 400},
                    Refusal{"trailer TE", chunked("0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
                    Refusal{"trailer Host", chunked("0\r\nhost: b\r\n\r\n"), 400},
                    Refusal{"trailer Authorization", chunked("0\r\nAuthorization: x\r\n\r\n"), 400},
                    Refusal{"trailer bare LF", chunked("0\r\nX: y\n\r\n"), 400},
                    Refusal{"trailer ends in LF", chunked("0\r\n\n"), 400},
                    Refusal{"trailer fold", chunked("0\r\nX: y\r\n z\r\n\r\n"), 400},
                    Refusal{"trailer space before colon", chunked("0\r\nX : y\r\n\r\n"), 400},
                    Refusal{"last chunk ends in LF", chunked("0\n\r\n"), 400},
                    Refusal{"truncated length", post("Content-Length: 5\r\n", "hell"), 400},
                    Refusal{"truncated chunk", chunked("5\r\nhel"), 400},
                    Refusal{"no last chunk", chunked("5\r\nhello\r\n"), 400},
                    Refusal{"no empty line", chunked("5\r\nhello\r\n0\r\n"), 400},
                    Refusal{"half a head", "GET / HT", 400}));

class ResponseRefused : public testing::TestWithParam<Refusal> {};

TEST_P(ResponseRefused, HoweverItIsCut) {
  const Transcript result = read(Role::Response, GetParam().input);
  EXPECT_EQ(result.error, GetParam().status) << result.what << result.events;
  EXPECT_FALSE(result.keep_alive);
}

INSTANTIATE_TEST_SUITE_P(
    All, ResponseRefused,
    testing::Values(
        Refusal{
            "CL and TE",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400},
        Refusal{"two CLs", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                400},
        Refusal{"TE gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
        Refusal{"TE in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Refusal{"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", 400},
        Refusal{"fold", "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", 400},
        Refusal{"NUL in reason", "HTTP/1.1 200 O\0K\r\n\r\n"s, 400},
        Refusal{"four digits", "HTTP/1.1 2000 OK\r\n\r\n", 400},
        Refusal{"two digits", "HTTP/1.1 20 OK\r\n\r\n", 400},
        Refusal{"status 600", "HTTP/1.1 600 X\r\n\r\n", 400},
        Refusal{"status 099", "HTTP/1.1 099 X\r\n\r\n", 400},
        Refusal{"signed status", "HTTP/1.1 +20 X\r\n\r\n", 400},
        Refusal{"two spaces", "HTTP/1.1  200 OK\r\n\r\n", 400},
        Refusal{"HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", 505},
        Refusal{"ICY", "ICY 200 OK\r\n\r\n", 400},
        Refusal{"204 with CL", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", 400},
        Refusal{"204 with TE",
                "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Refusal{"100 with CL", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello", 400},
        Refusal{"truncated length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", 400},
        Refusal{"truncated chunks",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 400},
        Refusal{"truncated head", "HTTP/1.1 200 OK\r\nContent-", 400},
        Refusal{"leading garbage", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 400}));

std::string read_request(std::string_view input) {
  const Transcript result = read(Role::Request, input);
  EXPECT_EQ(result.error, 0) << result.what;
  return result.events;
}

std::string read_response(std::string_view input, std::string_view method = "GET") {
  const Transcript result = read(Role::Response, input, {}, method);
  EXPECT_EQ(result.error, 0) << result.what;
  return result.events;
}

TEST(Http1Request, WithoutLengthHasNoBody) {
  EXPECT_EQ(read_request("GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n"), "[GET /a?b 1.1|Host=a][end]");
}

TEST(Http1Request, KeepsFieldsAsReceivedWithoutOuterWhiteSpace) {
  EXPECT_EQ(read_request("GET / HTTP/1.1\r\nHOST:  a  \r\nx-y: \t b\t c\xff \r\nEmpty:\r\n\r\n"),
            "[GET / 1.1|HOST=a|x-y=b\t c\xff|Empty=][end]");
}

TEST(Http1Request, ReadsEveryTargetForm) {
  EXPECT_EQ(read_request("CONNECT a:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
            "[CONNECT a:443 1.1|Host=a|Content-Length=0][end]");
  EXPECT_EQ(read_request("GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n"),
            "[GET http://a/b 1.1|Host=a][end]");
  EXPECT_EQ(read_request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), "[OPTIONS * 1.1|Host=a][end]");
  EXPECT_EQ(read_request("GET / HTTP/1.0\r\n\r\n"), "[GET / 1.0][end]");
}

TEST(Http1Request, ReadsMessageAfterMessage) {
  EXPECT_EQ(read_request(post("Content-Length: 5\r\n", "hello") +
                         chunked("3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n000\r\nSum: 1\r\n\r\n") +
                         post("transfer-encoding: Chunked \r\n", "0\r\n\r\n") +
                         "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
            "[POST /v1 1.1|Host=a.example|Content-Length=5]body:hello[end]"
            "[POST /v1 1.1|Host=a.example|Transfer-Encoding=chunked]body:abc0123456789[end|Sum=1]"
            "[POST /v1 1.1|Host=a.example|transfer-encoding=Chunked][end]"
            "[GET / 1.1|Host=[::1]:80][end]");
}

TEST(Http1Request, BytesBehindTheBodyAreNotTheBody) {
  const Transcript result = read(Role::Request, post("Content-Length: 1\r\n", "xGET"));
  EXPECT_EQ(result.events, "[POST /v1 1.1|Host=a.example|Content-Length=1]body:x[end]");
  EXPECT_EQ(result.what, "connection closed in the middle of a message");
}

TEST(Http1Request, ErrorsNeverQuoteThePeer) {
  const Transcript result = read(Role::Request, post("sk-secret sk-secret: x\r\n"));
  EXPECT_EQ(result.error, 400);
  EXPECT_THAT(result.what, testing::Not(testing::HasSubstr("secret")));
}

TEST(Http1Request, StaysFailed) {
  const HttpLimits limits;
  Http1Decoder decoder(Role::Request, limits);
  std::size_t used = 0;
  EXPECT_FALSE(decoder.poll("GET / HTTP/3.0\r\n\r\n", used));
  const auto again = decoder.poll("GET / HTTP/1.1\r\nHost: a\r\n\r\n", used);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().status, 505);
  EXPECT_FALSE(decoder.finish());
  EXPECT_FALSE(decoder.between_messages());
}

TEST(Http1Request, TellsTheDeclaredLength) {
  const HttpLimits limits;
  Http1Harness harness(Role::Request, limits);
  harness.feed(post("Content-Length: 0005\r\n", "he"));
  EXPECT_EQ(harness.decoder().content_length(), 5U);
  EXPECT_FALSE(harness.decoder().between_messages());
  harness.feed("llo" + chunked("1\r\n"));
  EXPECT_EQ(harness.decoder().content_length(), std::nullopt);
}

TEST(Http1Request, KnowsWhenItStandsBetweenMessages) {
  const HttpLimits limits;
  Http1Harness harness(Role::Request, limits);
  EXPECT_TRUE(harness.decoder().between_messages());
  harness.feed("");
  EXPECT_TRUE(harness.decoder().between_messages());
  harness.feed("G");
  EXPECT_FALSE(harness.decoder().between_messages());
  harness.feed("ET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(harness.decoder().between_messages());
  EXPECT_EQ(harness.finish().error, 0);
}

TEST(Http1Request, KeepAliveFollowsVersionAndConnection) {
  const auto keeps = [](std::string_view version, std::string_view connection) {
    return read(Role::Request, "GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" +
                                   std::string(connection) + "\r\n")
        .keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_TRUE(keeps("1.1", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: x\r\nconnection: y , CLOSE\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: keep-alive, close\r\n"));
  EXPECT_TRUE(keeps("1.1", "Connection: closed\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
}

TEST(Http1Limits, HeadBytes) {
  const HttpLimits limits{.max_head_bytes = 64};
  const std::string fits = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(32, 'x') + "\r\n\r\n";
  ASSERT_EQ(fits.size(), 64U);
  EXPECT_EQ(read(Role::Request, fits, limits).error, 0);
  EXPECT_EQ(read(Role::Request, "GET / HTTP/1.1\r\nHost: ab" + fits.substr(23), limits).error, 431);
  EXPECT_EQ(read(Role::Response, "HTTP/1.1 200 " + std::string(99, 'x'), limits).error, 431);
}

TEST(Http1Limits, HeaderCount) {
  const HttpLimits limits{.max_header_count = 3};
  EXPECT_EQ(read(Role::Request, post("A: b\r\nC: d\r\n"), limits).error, 0);
  EXPECT_EQ(read(Role::Request, post("A: b\r\nC: d\r\nE: f\r\n"), limits).error, 431);
  EXPECT_EQ(read(Role::Request, chunked("0\r\nA: b\r\nC: d\r\nE: f\r\nG: h\r\n\r\n"), limits).error,
            431);
}

TEST(Http1Limits, TargetBytes) {
  const HttpLimits limits{.max_target_bytes = 10};
  const auto get = [&](std::size_t size) {
    return read(Role::Request,
                "GET /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", limits)
        .error;
  };
  EXPECT_EQ(get(10), 0);
  EXPECT_EQ(get(11), 414);
  EXPECT_EQ(get(500), 414);
}

TEST(Http1Limits, BodyBytesOfRequestsOnly) {
  const HttpLimits limits{.max_body_bytes = 5};
  EXPECT_EQ(read(Role::Request, post("Content-Length: 5\r\n", "hello"), limits).error, 0);
  EXPECT_EQ(read(Role::Request, post("Content-Length: 6\r\n", "hello!"), limits).error, 413);
  EXPECT_EQ(read(Role::Request, chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), limits).error, 0);
  EXPECT_EQ(read(Role::Request, chunked("2\r\nhe\r\n4\r\nllo!\r\n0\r\n\r\n"), limits).error, 413);
  EXPECT_EQ(
      read(Role::Response, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", limits).error, 0);
}

TEST(Http1Limits, ChunkExtensionsOfARequestInAllAndOfAnAnswerPerChunk) {
  const HttpLimits limits{.max_chunk_extension_bytes = 4};
  const std::string chunks = "1;ab\r\nx\r\n1;ab\r\ny\r\n0\r\n\r\n";
  EXPECT_EQ(read(Role::Request, chunked("1;abc\r\nx\r\n0\r\n\r\n"), limits).error, 0);
  EXPECT_EQ(read(Role::Request, chunked(chunks), limits).error, 400);
  EXPECT_EQ(
      read(Role::Response, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, limits)
          .error,
      0);
}

TEST(Http1Limits, TrailerBytes) {
  const HttpLimits limits{.max_trailer_bytes = 16};
  EXPECT_EQ(read(Role::Request, chunked("0\r\nX: 123456789\r\n\r\n"), limits).error, 0);
  EXPECT_EQ(read(Role::Request, chunked("0\r\nX: 1234567890\r\n\r\n"), limits).error, 431);
}

TEST(Http1Response, FramesByLengthChunksAndClose) {
  EXPECT_EQ(
      read_response("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
                    "HTTP/1.1 404 \r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: u\r\n\r\n"
                    "HTTP/1.1 200\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
      "[200 OK 1.1|Content-Length=2]body:hi[end]"
      "[404  1.1|Transfer-Encoding=chunked]body:x[end|T=u]"
      "[200  1.1]body:HTTP/1.1 200 OK\r\n\r\n[end]");
}

TEST(Http1Response, UntilCloseIsNotKeptAlive) {
  EXPECT_FALSE(read(Role::Response, "HTTP/1.1 200 OK\r\n\r\nx").keep_alive);
  EXPECT_TRUE(read(Role::Response, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").keep_alive);
  EXPECT_FALSE(read(Role::Response, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep_alive);
}

TEST(Http1Response, HeadAndNotModifiedHaveNoBody) {
  EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD"),
            "[200 OK 1.1|Content-Length=5][end]");
  EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD"),
            "[200 OK 1.1|Transfer-Encoding=chunked][end]");
  EXPECT_EQ(read_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
            "[304 Not Modified 1.1|Content-Length=5][end]");
  EXPECT_EQ(read_response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
            "[204 No Content 1.1|Content-Length=0][end]");
}

TEST(Http1Response, InterimResponsesLeaveTheFinalOneToCome) {
  EXPECT_EQ(read_response("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                          "HEAD"),
            "[100 Continue 1.1][103 Early Hints 1.1|Link=x][200 OK 1.1|Content-Length=5][end]");
}

TEST(Http1Response, TheMethodCountsForOneResponse) {
  EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
                          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
                          "HEAD"),
            "[200 OK 1.1|Content-Length=1][end][200 OK 1.1|Content-Length=1]body:x[end]");
}

TEST(Http1Response, TunnelBytesAreNotTaken) {
  const HttpLimits limits;
  Http1Harness connect(Role::Response, limits, "CONNECT");
  connect.feed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\x16\x03\x01");
  EXPECT_EQ(connect.so_far().events, "[200 OK 1.1|Content-Length=3]");
  EXPECT_EQ(connect.pending(), "\x16\x03\x01");
  EXPECT_FALSE(connect.decoder().keep_alive());
  EXPECT_EQ(connect.finish().error, 0);

  Http1Harness upgrade(Role::Response, limits, "GET");
  upgrade.feed("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81");
  EXPECT_EQ(upgrade.pending(), "\x81");

  Http1Harness refused(Role::Response, limits, "CONNECT");
  refused.feed("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_EQ(refused.so_far().events, "[403 Forbidden 1.1|Content-Length=2]body:no[end]");
}

}  // namespace
}  // namespace customhouse::proto
