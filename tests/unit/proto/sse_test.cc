#include "gateway/proto/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <stdexcept>
#include <string>
#include <vector>

namespace customhouse::proto {
namespace {

using testing::ElementsAre;

struct Stream {
  std::vector<std::string> raw;
  std::vector<std::string> names;
  std::vector<std::string> data;
  std::string rest;
  bool operator==(const Stream&) const = default;
};

Stream decode(const std::vector<std::string_view>& pieces) {
  SseDecoder decoder;
  Stream stream;
  for (const std::string_view piece : pieces) {
    EXPECT_TRUE(decoder.feed(piece));
    while (auto event = decoder.next()) {
      stream.raw.push_back(event->raw);
      stream.names.push_back(event->name);
      stream.data.push_back(event->data);
      std::string joined;
      for (const auto& [begin, end] : event->data_ranges) {
        joined += (joined.empty() && begin == event->data_ranges.front().begin ? "" : "\n") +
                  event->raw.substr(begin, end - begin);
      }
      EXPECT_EQ(joined, event->data);
      EXPECT_EQ(with_data(*event, event->data), event->raw);
    }
  }
  stream.rest = decoder.take_rest();
  return stream;
}

/// The whole input's events, after making sure that every cut gives the same and no byte is lost.
Stream read(std::string_view input) {
  const Stream whole = decode({input});
  std::string again;
  for (const std::string& raw : whole.raw) again += raw;
  EXPECT_EQ(again + whole.rest, input);
  for (std::size_t cut = 1; cut < input.size(); ++cut) {
    EXPECT_EQ(decode({input.substr(0, cut), input.substr(cut)}), whole) << "cut at " << cut;
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < input.size(); ++i) bytes.push_back(input.substr(i, 1));
  EXPECT_EQ(decode(bytes), whole) << "byte by byte";
  return whole;
}

TEST(Sse, EveryLineEndGivesTheSameEvents) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    std::string input;
    for (const char* line : {"event: ping", "data: {}", "", ": comment", "id: 1", "data: a",
                             "data:b", "data", "retry: 5", "", "data: rest"}) {
      input += line + end;
    }
    const Stream stream = read(input);
    EXPECT_THAT(stream.names, ElementsAre("ping", ""));
    EXPECT_THAT(stream.data, ElementsAre("{}", "a\nb\n"));
    EXPECT_EQ(stream.rest, "data: rest" + end);
  }
}

TEST(Sse, MixedLineEndsLoseNoByte) {
  EXPECT_THAT(read("data: a\r\n\ndata: b\n\r\ndata: c\r\rdata: d\r\n\r").data,
              ElementsAre("a", "b", "c"));
  // Behind a line that ended in CR alone, CR ends the event at once; an LF is a blank line then.
  EXPECT_THAT(read("data: a\r\r\ndata: b\n\n").raw,
              ElementsAre("data: a\r\r", "\n", "data: b\n\n"));
  EXPECT_THAT(read("\n\r\n\r\r\n").raw, ElementsAre("\n", "\r\n", "\r", "\r\n"));
}

TEST(Sse, AnEventComesWithItsLastByte) {
  for (const std::string input : {"data: a\n\n", "data: a\r\n\r\n", "data: a\r\r"}) {
    SseDecoder decoder;
    ASSERT_TRUE(decoder.feed(std::string_view(input).substr(0, input.size() - 1)));
    EXPECT_FALSE(decoder.next()) << input;
    ASSERT_TRUE(decoder.feed(std::string_view(input).substr(input.size() - 1)));
    const auto event = decoder.next();
    ASSERT_TRUE(event) << input;
    EXPECT_EQ(event->raw, input);
  }
}

TEST(Sse, ALoneCrAfterAnotherLineEndWaitsForTheByteThatDecides) {
  SseDecoder decoder;
  ASSERT_TRUE(decoder.feed("data: a\n\r"));
  EXPECT_FALSE(decoder.next());
  ASSERT_TRUE(decoder.feed("\r\n"));
  EXPECT_EQ(decoder.next()->raw, "data: a\n\r");
  EXPECT_EQ(decoder.next()->raw, "\r\n");
}

TEST(Sse, OneSpaceAfterTheColonIsDropped) {
  EXPECT_THAT(read("data:  a\n\ndata:a\n\ndata: \n\ndata:\n\ndatax: a\n\nDATA: a\n\n").data,
              ElementsAre(" a", "a", "", "", "", ""));
}

TEST(Sse, AByteOrderMarkCountsAtTheStartOnly) {
  const Stream stream = read(
      "\xEF\xBB\xBF"
      "data: a\n\n\xEF\xBB\xBF"
      "data: b\n\n");
  EXPECT_THAT(stream.data, ElementsAre("a", ""));
}

TEST(Sse, ATruncatedEventIsNoEvent) {
  const Stream stream = read("data: a\n\ndata: b\n");
  EXPECT_THAT(stream.data, ElementsAre("a"));
  EXPECT_EQ(stream.rest, "data: b\n");
}

TEST(Sse, TooLargeAnEventIsRefusedAndTheOnesBeforeAreNotLost) {
  for (const bool complete : {true, false}) {
    SseDecoder decoder(16);
    const std::string input =
        "data: 89abcdef\n\ndata: 89abcdefg" + std::string(complete ? "\n\n" : "hi");
    const auto fed = decoder.feed(input);
    ASSERT_FALSE(fed);
    EXPECT_EQ(decoder.next()->data, "89abcdef");
    EXPECT_FALSE(decoder.next());
    EXPECT_FALSE(decoder.feed("\n\n"));
    EXPECT_FALSE(decoder.next());
  }
}

std::string rewrite(std::string_view input, std::string_view data) {
  SseDecoder decoder;
  EXPECT_TRUE(decoder.feed(input));
  const auto event = decoder.next();
  EXPECT_TRUE(event);
  const std::string out = with_data(*event, data);
  SseDecoder again;
  EXPECT_TRUE(again.feed(out));
  const auto reread = again.next();
  EXPECT_TRUE(reread);
  EXPECT_EQ(reread->data, data);
  EXPECT_EQ(reread->name, event->name);
  EXPECT_FALSE(again.next());
  EXPECT_EQ(again.take_rest(), "");
  return out;
}

TEST(SseWithData, ChangesTheDataAlone) {
  EXPECT_EQ(rewrite("event: x\r\ndata: old\r\n: c\r\nid:7\r\n\r\n", "new"),
            "event: x\r\ndata: new\r\n: c\r\nid:7\r\n\r\n");
  EXPECT_EQ(rewrite("data:old\n\n", "new"), "data:new\n\n");
  EXPECT_EQ(rewrite("data:old\n\n", " new"), "data:  new\n\n");
  EXPECT_EQ(rewrite("data\n\n", "new"), "data: new\n\n");
  EXPECT_EQ(rewrite("data: old\n\n", ""), "data: \n\n");
  EXPECT_EQ(rewrite("\xEF\xBB\xBF"
                    "data: old\n\n",
                    "a\nb"),
            "\xEF\xBB\xBF"
            "data: a\ndata: b\n\n");
}

TEST(SseWithData, MakesAndDropsLines) {
  EXPECT_EQ(rewrite("data: a\nid: 1\ndata:b\r\n\r\n", "1\n2\n\n4"),
            "data: 1\nid: 1\ndata:2\r\ndata:\r\ndata:4\r\n\r\n");
  EXPECT_EQ(rewrite("data: a\nid: 1\ndata: b\ndata: c\nretry: 1\n\n", "1"),
            "data: 1\nid: 1\nretry: 1\n\n");
  EXPECT_EQ(rewrite("data: a\rdata: b\n\n", "1"), "data: 1\n\n");
  EXPECT_EQ(rewrite("data: a\r\r", "1\n2"), "data: 1\rdata: 2\r\r");
}

TEST(SseWithData, RefusesWhatCannotBeWritten) {
  SseEvent event{.raw = "data: a\n\n", .name = {}, .data = "a", .data_ranges = {{6, 7}}};
  EXPECT_THROW(with_data(event, "a\rb"), std::logic_error);
  const SseEvent comment{.raw = ": ping\n\n", .name = {}, .data = {}, .data_ranges = {}};
  EXPECT_EQ(with_data(comment, ""), ": ping\n\n");
  EXPECT_THROW(with_data(comment, "a"), std::logic_error);
}

/// Processor seconds to decode `input` a byte at a time: a busy machine does not count.
double seconds(const std::string& input) {
  const std::clock_t begin = std::clock();
  SseDecoder decoder;
  std::size_t bytes = 0;
  for (const char byte : input) {
    EXPECT_TRUE(decoder.feed({&byte, 1}));
    while (auto event = decoder.next()) bytes += event->raw.size();
  }
  EXPECT_EQ(bytes + decoder.take_rest().size(), input.size());
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

TEST(SseSpeed, SixteenTimesTheBytesCostFarLessThanSixteenSquared) {
  const auto long_line = [](std::size_t size) { return "data: " + std::string(size, 'x'); };
  const auto line_ends = [](std::size_t size) { return std::string(size, '\r'); };
  constexpr std::size_t kSmall = 1 << 14;
  EXPECT_LT(seconds(long_line(16 * kSmall)), 80 * seconds(long_line(kSmall)));
  EXPECT_LT(seconds(line_ends(16 * kSmall)), 80 * seconds(line_ends(kSmall)));
}

}  // namespace
}  // namespace customhouse::proto
