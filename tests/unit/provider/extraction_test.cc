#include "gateway/provider/extraction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "gateway/provider/encoded_content.h"
#include "tests/unit/provider/wire_files.h"

namespace customhouse::provider {
namespace {

using policy::Replacement;
using policy::SpanRole;
using ::testing::Contains;
using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;
using Pointer = Json::json_pointer;

constexpr std::string_view kJson = "application/json";
const Operation kChat{Shape::OpenAiChat, "chat.completions"};

std::expected<Extraction, ExtractionError> read(std::string_view body,
                                                std::string_view type = kJson,
                                                const ExtractionLimits& limits = {}) {
  return extract(kChat, "/v1/chat/completions", type, body, limits);
}

std::vector<std::string> texts(const Extraction& extraction) {
  std::vector<std::string> result;
  for (const auto& span : extraction.spans()) result.emplace_back(span.text);
  return result;
}

/// Replaces every occurrence of `value` in every span.
std::string replace_all(const Extraction& extraction, std::string_view value,
                        const std::string& with) {
  std::vector<Replacement> replacements;
  for (std::size_t i = 0; i < extraction.spans().size(); ++i) {
    const std::string_view text = extraction.spans()[i].text;
    for (std::size_t at = text.find(value); at != std::string_view::npos;
         at = text.find(value, at + value.size())) {
      replacements.push_back({i, at, at + value.size(), with});
    }
  }
  return extraction.apply(replacements);
}

std::string redacted(std::string_view body, std::string_view value, std::string_view type = kJson) {
  const auto extraction = read(body, type);
  if (!extraction) return "ERROR " + extraction.error().what;
  return replace_all(*extraction, value, "[X_1]");
}

const policy::TextSpan* find_text(const Extraction& extraction, std::string_view text) {
  const auto at = std::ranges::find(extraction.spans(), text, &policy::TextSpan::text);
  return at == extraction.spans().end() ? nullptr : &*at;
}

/// Every string position of a document, as JSON pointers.
void string_positions(const Json& at, const Pointer& pointer, std::vector<Pointer>& found) {
  if (at.is_string()) found.push_back(pointer);
  if (at.is_object()) {
    for (const auto& [key, value] : at.items()) string_positions(value, pointer / key, found);
  } else if (at.is_array()) {
    for (std::size_t i = 0; i < at.size(); ++i) string_positions(at[i], pointer / i, found);
  }
}

TEST(ExtractionOnWireRequests, LeavesEveryBodyAsItIsWithoutReplacements) {
  std::size_t files = 0;
  for (const auto& file : wire_files("requests")) {
    const std::string body = read_file(file);
    const auto extraction = read(body);
    ASSERT_TRUE(extraction) << file << extraction.error().what;
    EXPECT_EQ(extraction->apply({}), body) << file;
    EXPECT_EQ(extraction->coverage().scanned + extraction->coverage().skipped, body.size()) << file;
    ++files;
  }
  EXPECT_GT(files, 40U);
}

TEST(ExtractionOnWireRequests, SeesAndReplacesAValuePlantedInEveryStringPosition) {
  const std::string value = "jane.doe@example.com";
  std::size_t positions = 0;
  for (const auto& file : wire_files("requests")) {
    const Json document = Json::parse(read_file(file));
    std::vector<Pointer> found;
    string_positions(document, Pointer(), found);
    for (const auto& pointer : found) {
      Json planted = document;
      Json expected = document;
      planted[pointer] = "\"tricky\\ \n\u00e4 " + value + " end";
      expected[pointer] = "\"tricky\\ \n\u00e4 [X_1] end";
      for (const bool ascii : {false, true}) {
        const std::string body = planted.dump(2, ' ', ascii);
        EXPECT_EQ(redacted(body, value), expected.dump(2, ' ', ascii)) << file << pointer;
      }
      ++positions;
    }
  }
  EXPECT_GT(positions, 400U);
}

TEST(ExtractionOnWireRequests, SeesAndReplacesAValueInNestedJson) {
  const std::string value = "jane.doe@example.com";
  for (const auto& file : wire_files("requests")) {
    const Json document = Json::parse(read_file(file));
    std::vector<Pointer> found;
    string_positions(document, Pointer(), found);
    for (const auto& pointer : found) {
      const auto nested = [&](const std::string& text) {
        const Json inner = {{"deep", {{"list", {text + " \"quoted\"\n"}}}}};
        const Json outer = {{"json", inner.dump()}, {"n", 1.5}};
        return outer.dump();
      };
      Json planted = document;
      Json expected = document;
      planted[pointer] = nested(value);
      expected[pointer] = nested("[X_1]");
      EXPECT_EQ(redacted(planted.dump(), value), expected.dump()) << file << pointer;
    }
  }
}

TEST(Extraction, FindsObjectKeys) {
  EXPECT_EQ(redacted(R"({"a":{"jane@x.org":1}})", "jane@x.org"), R"({"a":{"[X_1]":1}})");
}

TEST(Extraction, FindsValuesBehindEscapesAndKeepsTheRestOfTheString) {
  EXPECT_EQ(redacted(R"({"a":"\u006aane\u0040x.org \/ \u00e4"})", "jane@x.org"),
            R"({"a":"[X_1] \/ \u00e4"})");
  EXPECT_EQ(redacted(R"({"a":"\ud83d\ude00secret\ud83d\ude00"})", "secret"),
            R"({"a":"\ud83d\ude00[X_1]\ud83d\ude00"})");
}

TEST(Extraction, EscapesReplacementTextForWhereItStands) {
  const auto extraction = read(R"({"a":"xsecretx"})");
  ASSERT_TRUE(extraction);
  const Json edited = Json::parse(replace_all(*extraction, "secret", "\"\\\n\x01"));
  EXPECT_EQ(edited["a"], "x\"\\\n\x01x");
}

TEST(Extraction, KeepsNumbersKeyOrderAndWhiteSpace) {
  const std::string body =
      "{ \"z\": 1.0,\r\n\t\"seed\": 12345678901234567890, \"a\" : \"secret\",\"e\":1E+05 }\n";
  EXPECT_EQ(redacted(body, "secret"),
            "{ \"z\": 1.0,\r\n\t\"seed\": 12345678901234567890, \"a\" : \"[X_1]\",\"e\":1E+05 }\n");
}

TEST(Extraction, TurnsALongNumberIntoAStringWhenItIsReplaced) {
  EXPECT_EQ(redacted(R"({"card": 4111111111111111, "n": 5})", "4111111111111111"),
            R"({"card": "[X_1]", "n": 5})");
  EXPECT_EQ(redacted(R"({"t":"{\"card\":4111111111111111}"})", "4111111111111111"),
            R"({"t":"{\"card\":\"[X_1]\"}"})");
  EXPECT_EQ(redacted(R"([-4.111111111111111e15])", "4.111111111111111e15"), R"(["-[X_1]"])");
}

TEST(Extraction, ShortNumbersAndFractionsAreNoSpans) {
  const auto extraction = read(R"([0.123456789012, 12345678, 1e5, true, null])");
  ASSERT_TRUE(extraction);
  EXPECT_TRUE(extraction->spans().empty());
}

TEST(Extraction, OpensToolArgumentsOfEveryShape) {
  const auto extraction = read(R"({"messages":[
    {"role":"assistant","tool_calls":[{"id":"call_1","function":{"name":"f","arguments":"{\"q\":\"openai\"}"}}]},
    {"content":[{"type":"tool_use","id":"toolu_1","input":{"q":"anthropic"}}]},
    {"parts":[{"functionCall":{"name":"f","args":{"q":"gemini"}}}]},
    {"input":"plain","args":"text"}]})");
  ASSERT_TRUE(extraction);
  for (const char* text : {"openai", "anthropic", "gemini"}) {
    const auto* span = find_text(*extraction, text);
    ASSERT_NE(span, nullptr) << text;
    EXPECT_EQ(span->role, SpanRole::ToolArguments) << text;
  }
  EXPECT_EQ(find_text(*extraction, "openai")->location,
            "/messages/0/tool_calls/0/function/arguments#json/q");
  EXPECT_EQ(find_text(*extraction, "plain")->role, SpanRole::Text);
  EXPECT_EQ(find_text(*extraction, "call_1")->role, SpanRole::Identifier);
}

TEST(Extraction, LocationsNeverContainKeysThatCouldBeValues) {
  const auto extraction =
      read(R"({"metadata":{"jane@x.org":"v1","123-45-6789":"v2","user_name":"v3"}})");
  ASSERT_TRUE(extraction);
  EXPECT_EQ(find_text(*extraction, "v1")->location, "/metadata/*");
  EXPECT_EQ(find_text(*extraction, "v2")->location, "/metadata/*");
  EXPECT_EQ(find_text(*extraction, "v3")->location, "/metadata/user_name");
}

TEST(Extraction, DecodesTextInBase64AndEncodesItAgain) {
  const std::string secret = "name,mail\njane,jane@x.org\n";
  const std::string masked = "name,mail\njane,[X_1]\n";
  for (const bool url : {false, true}) {
    for (const bool padded : {false, true}) {
      const auto body = [&](const std::string& text) {
        return R"({"file_data":"data:text/csv;base64,)" + encode_base64(text, url, padded) +
               R"("})";
      };
      EXPECT_EQ(redacted(body(secret), "jane@x.org"), body(masked));
    }
  }
  const auto source = [](const std::string& text) {
    return R"({"source":{"type":"base64","media_type":"text/plain","data":")" +
           encode_base64(text, false, true) + R"("}})";
  };
  EXPECT_EQ(redacted(source(secret), "jane@x.org"), source(masked));
}

TEST(Extraction, BelievesNoDeclaredMediaType) {
  const auto body = [](const std::string& text) {
    return R"({"inlineData":{"mimeType":"image/png","data":")" + encode_base64(text, false, true) +
           R"("}})";
  };
  EXPECT_EQ(redacted(body("secret"), "secret"), body("[X_1]"));
}

TEST(Extraction, OpensJsonInsideBase64) {
  const auto body = [](const std::string& text) {
    return R"({"data":")" + encode_base64(R"({"deep":")" + text + R"("})", false, true) + R"("})";
  };
  EXPECT_EQ(redacted(body("a secret"), "a secret"), body("[X_1]"));
}

TEST(Extraction, FindsBase64BehindEscapedSlashes) {
  const std::string encoded = encode_base64("\xC3\xBF\xC3\xBF secret", false, true);
  std::string escaped;
  for (const char c : encoded) escaped += c == '/' ? std::string("\\/") : std::string(1, c);
  ASSERT_NE(encoded, escaped);
  const Json edited =
      Json::parse(redacted(R"({"u":"data:text\/plain;base64,)" + escaped + "\"}", "secret"));
  EXPECT_EQ(edited["u"],
            "data:text/plain;base64," + encode_base64("\xC3\xBF\xC3\xBF [X_1]", false, true));
}

TEST(Extraction, CountsImagesAudioAndBinaryAsSkipped) {
  const auto extraction =
      read(read_file(CUSTOMHOUSE_SOURCE_DIR "/tests/data/wire/requests/gemini/image-inline.json"));
  ASSERT_TRUE(extraction);
  ASSERT_EQ(extraction->coverage().reasons.size(), 1U);
  EXPECT_EQ(extraction->coverage().reasons[0].reason, "image");
  EXPECT_GT(extraction->coverage().skipped, 90U);
  const auto binary = read(
      R"({"data":")" + encode_base64(std::string("\x01\x02\xFE secret", 10), false, true) + "\"}");
  ASSERT_TRUE(binary);
  ASSERT_EQ(binary->coverage().reasons.size(), 1U);
  EXPECT_EQ(binary->coverage().reasons[0].reason, "binary");
}

TEST(Extraction, ScansAStringThatOnlyLooksLikeBase64) {
  EXPECT_EQ(redacted(R"({"data":"4111111111111111"})", "4111111111111111"), R"({"data":"[X_1]"})");
}

TEST(Extraction, RefusesWhatTwoParsersCouldReadDifferently) {
  const std::vector<std::string> bodies = {"{",
                                           "{\"a\":1",
                                           "[1,]",
                                           "{\"a\":1,}",
                                           "{\"a\":1}x",
                                           "{\"a\":1}{}",
                                           "\xEF\xBB\xBF{}",
                                           "{\"a\":\"\xFF\"}",
                                           "{\"a\":\"\xC0\xAF\"}",
                                           "{\"a\":\"\\ud800\"}",
                                           "{\"a\":\"\\udc00\\ud800\"}",
                                           "{\"a\":1,\"a\":2}",
                                           "{\"a\":1,\"\\u0061\":2}",
                                           "01",
                                           "1.",
                                           ".5",
                                           "+1",
                                           "nul",
                                           "'a'",
                                           "\"a\nb\"",
                                           "\"\\x\"",
                                           " ",
                                           "{1:2}",
                                           "[\"a\" \"b\"]"};
  for (const std::string& body : bodies) {
    const auto extraction = read(body);
    ASSERT_FALSE(extraction) << body;
    EXPECT_EQ(extraction.error().status, 400) << body;
    EXPECT_THAT(extraction.error().what, HasSubstr("not JSON")) << body;
  }
}

TEST(Extraction, RefusesDeepNestingAndTooManyStrings) {
  const auto deep = read(std::string(10'000, '[') + std::string(10'000, ']'));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().status, 400);
  const auto many = read(R"(["a","b","c"])", kJson, {.max_strings = 2});
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().status, 413);
  const auto decoded = read(R"(["\n\n\n\n"])", kJson, {.max_decoded_bytes = 4});
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().status, 413);
}

TEST(Extraction, FindsDuplicateKeysInLargeObjectsToo) {
  std::string body = "{";
  for (int i = 0; i < 500; ++i) body += "\"k" + std::to_string(i) + "\":1,";
  EXPECT_TRUE(read(body + "\"x\":1}"));
  EXPECT_FALSE(read(body + "\"k\\u0037\":1}"));
}

TEST(Extraction, NestsNoDeeperThanItsLimitButScansBelowIt) {
  std::string text = "secret";
  for (int i = 0; i < 12; ++i) text = Json::array({text}).dump();
  const auto extraction = read(text);
  ASSERT_TRUE(extraction);
  EXPECT_THAT(texts(*extraction), Contains(HasSubstr("secret")));
  EXPECT_EQ(Json::accept(replace_all(*extraction, "secret", "[X_1]")), true);
}

TEST(Extraction, ReadsJsonLinesEachAsADocument) {
  EXPECT_EQ(
      redacted("{\"a\":\"secret\"}\r\n\n{\"a\":\"x secret\"}\n", "secret", "application/jsonl"),
      "{\"a\":\"[X_1]\"}\r\n\n{\"a\":\"x [X_1]\"}\n");
  const auto broken = read("{}\n{", "application/x-ndjson");
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().what, HasSubstr("line 2"));
}

TEST(Extraction, ReadsFormDataPartByPart) {
  const std::string png = "\x89PNG\r\n\x1a\n\x01\x02";
  const auto body = [&](const std::string& value) {
    return "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n" + value +
           "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + value +
           ".jsonl\"\r\nContent-Type: application/octet-stream\r\n\r\n{\"m\":\"\\u0001" + value +
           "\"}\n{}\r\n--b\r\n"
           "Content-Disposition: form-data; name=\"image\"\r\nContent-Type: image/png\r\n\r\n" +
           png + "\r\n--b--\r\n";
  };
  const std::string type = "multipart/form-data; boundary=\"b\"";
  EXPECT_EQ(redacted(body("secret"), "secret", type), body("[X_1]"));
  const std::string sent = body("secret");
  const auto extraction = read(sent, type);
  ASSERT_TRUE(extraction);
  EXPECT_EQ(extraction->coverage().skipped, png.size());
  for (const char* bad :
       {"x", "--b\r\n\r\nhello", "--b\r\nA: 1\r\n\r\nx\r\n--b--junk", "--b\r\n\r\n--b--"}) {
    EXPECT_FALSE(read(bad, type)) << bad;
  }
  EXPECT_FALSE(read("--b--", "multipart/form-data"));
}

TEST(Extraction, ReadsTextAndNamesWhatItCannotRead) {
  EXPECT_EQ(redacted("a secret", "secret", "text/plain"), "a [X_1]");
  EXPECT_EQ(redacted("q=secret&b=1", "secret", "application/x-www-form-urlencoded"), "q=[X_1]&b=1");
  EXPECT_EQ(redacted("{\"a\":\"\\u0073ecret\"}", "secret", ""), "{\"a\":\"[X_1]\"}");
  const auto reason = [](std::string_view body, std::string_view type) {
    const auto extraction = read(body, type);
    return extraction && extraction->coverage().reasons.size() == 1
               ? extraction->coverage().reasons[0].reason
               : "none";
  };
  EXPECT_EQ(reason("abc", "text/plain; charset=utf-16"), "charset");
  EXPECT_EQ(reason("\x08\x01", "application/grpc"), "unknown_content_type");
  EXPECT_EQ(reason("abc", ""), "unknown_content_type");
  EXPECT_EQ(reason(std::string("\x01\x00\x02", 3), "application/octet-stream"), "binary");
  EXPECT_EQ(reason("%PDF-1.4 text", "application/pdf"), "pdf");
}

TEST(Extraction, AnEmptyBodyHasNoSpans) {
  const auto extraction = read("");
  ASSERT_TRUE(extraction);
  EXPECT_TRUE(extraction->spans().empty());
  EXPECT_EQ(extraction->apply({}), "");
}

TEST(Extraction, KnowsModelAndStreaming) {
  const auto chat = read(R"({"x":{"stream":true,"model":"no"},"model":"gpt-5","stream": true})");
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->model(), "gpt-5");
  EXPECT_TRUE(chat->wants_stream());
  EXPECT_FALSE(read(R"({"x":{"stream":true},"stream":false})")->wants_stream());
  const auto gemini =
      extract({Shape::GeminiGenerate, "streamGenerateContent"},
              "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", kJson, "{}", {});
  ASSERT_TRUE(gemini);
  EXPECT_EQ(gemini->model(), "gemini-2.5-pro");
  EXPECT_TRUE(gemini->wants_stream());
}

TEST(Extraction, RandomReplacementsChangeOnlyTheirRanges) {
  std::mt19937 random(7);
  const auto pick = [&](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  const std::vector<std::string> pieces = {"a", "\"",     "\\", "\n", "\u00e4", "\U0001F600",
                                           "/", "secret", " ",  "{",  "}"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::size_t i = pick(12); i > 0; --i) text += pieces[pick(pieces.size())];
    const bool ascii = round % 2 == 0;
    const bool nested = round % 3 == 0;
    const auto make = [&](const std::string& value) {
      const Json inner = {{"k", "<" + value + ">"}, {"n", 1.0}};
      return (nested ? Json{{"outer", inner.dump(-1, ' ', ascii)}} : inner).dump(-1, ' ', ascii);
    };
    const std::string body = make(text);
    const auto extraction = read(body);
    ASSERT_TRUE(extraction) << body;
    ASSERT_EQ(extraction->apply({}), body);
    const auto* span = find_text(*extraction, "<" + text + ">");
    ASSERT_NE(span, nullptr) << body;
    const auto index = static_cast<std::size_t>(span - extraction->spans().data());
    std::size_t begin = 1 + pick(text.size() + 1);
    std::size_t end = begin + pick(text.size() + 2 - begin);
    const auto inside = [&](std::size_t at) {
      return (static_cast<unsigned char>(span->text[at]) & 0xC0) == 0x80;
    };
    while (inside(begin)) --begin;
    while (inside(end)) ++end;
    const std::vector<Replacement> replacements = {{index, begin, end, "[\"P\"]"}};
    std::string changed = "<" + text + ">";
    changed.replace(begin, end - begin, "[\"P\"]");
    EXPECT_EQ(extraction->apply(replacements), make(changed.substr(1, changed.size() - 2))) << body;
  }
}

}  // namespace
}  // namespace customhouse::provider
