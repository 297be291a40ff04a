#include "gateway/proto/content_coding.h"

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <functional>
#include <string>
#include <vector>

namespace customhouse::proto {
namespace {

constexpr std::size_t kLimit = 1 << 20;

std::string deflated(std::string_view text, int window_bits, int flush = Z_FINISH) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, flush);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string gzip(std::string_view text) {
  return deflated(text, 31);
}
std::string zlib(std::string_view text) {
  return deflated(text, 15);
}
std::string raw_deflate(std::string_view text) {
  return deflated(text, -15);
}

std::string brotli(std::string_view text) {
  std::size_t size = BrotliEncoderMaxCompressedSize(text.size()) + 64;
  std::string out(size, '\0');
  EXPECT_EQ(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, text.size(),
                                  reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                                  reinterpret_cast<std::uint8_t*>(out.data())),
            BROTLI_TRUE);
  out.resize(size);
  return out;
}

std::string zstd(std::string_view text, int window_log = 0) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window_log != 0) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  }
  // As a stream, so that the frame does not take the content's size for its window.
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer buffer{out.data(), out.size(), 0};
  ZSTD_compressStream2(context, &buffer, &in, ZSTD_e_continue);
  EXPECT_EQ(ZSTD_compressStream2(context, &buffer, &in, ZSTD_e_end), 0U);
  out.resize(buffer.pos);
  ZSTD_freeCCtx(context);
  return out;
}

struct Result {
  std::string out;
  int error = 0;
};

Result decode(std::string_view coding, const std::vector<std::string_view>& pieces,
              std::size_t limit = kLimit) {
  Result result;
  auto decoder = ContentDecoder::create(coding, limit);
  if (!decoder) return {"", decoder.error().status};
  for (const std::string_view piece : pieces) {
    if (auto fed = decoder->feed(piece, result.out); !fed) {
      result.error = fed.error().status;
      EXPECT_FALSE(decoder->feed("x", result.out));
      EXPECT_FALSE(decoder->finish());
      return result;
    }
  }
  if (auto finished = decoder->finish(); !finished) result.error = finished.error().status;
  return result;
}

std::vector<std::string_view> bytes_of(std::string_view text) {
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  return bytes;
}

std::string sample() {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "{\"n\":" + std::to_string(i * 7919) + "}\n";
  return text;
}

struct Coding {
  std::string name;
  std::function<std::string(std::string_view)> encode;
};

void PrintTo(const Coding& coding, std::ostream* out) {
  *out << coding.name;
}

class EveryCoding : public testing::TestWithParam<Coding> {
 protected:
  std::string encode(std::string_view text) const { return GetParam().encode(text); }
  Result decode_all(const std::vector<std::string_view>& pieces, std::size_t limit = kLimit) const {
    return decode(GetParam().name, pieces, limit);
  }
};

TEST_P(EveryCoding, GivesTheTextBack) {
  for (const std::string& text : {std::string(), std::string("x"), sample()}) {
    const std::string coded = encode(text);
    const Result result = decode_all({coded});
    EXPECT_EQ(result.error, 0);
    EXPECT_EQ(result.out, text);
  }
}

TEST_P(EveryCoding, AByteAtATimeOrCutAnywhere) {
  const std::string text = sample();
  const std::string coded = encode(text);
  EXPECT_EQ(decode_all(bytes_of(coded)).out, text);
  const std::string small = encode("hello hello hello");
  for (std::size_t cut = 0; cut <= small.size(); ++cut) {
    const Result result = decode_all(
        {std::string_view(small).substr(0, cut), {}, std::string_view(small).substr(cut)});
    EXPECT_EQ(result.out, "hello hello hello") << cut;
    EXPECT_EQ(result.error, 0) << cut;
  }
}

TEST_P(EveryCoding, TruncationAnywhereIsAnError) {
  const std::string coded = encode("hello hello hello, this is a body of some length");
  for (std::size_t size = 1; size < coded.size(); ++size) {
    EXPECT_EQ(decode_all({std::string_view(coded).substr(0, size)}).error, 400) << size;
  }
}

TEST_P(EveryCoding, TrailingBytesAreAnError) {
  const std::string coded = encode("hello");
  for (const std::string& tail : {std::string("x"), std::string(1, '\0'), std::string(64, '\0')}) {
    EXPECT_EQ(decode_all({coded + tail}).error, 400);
    EXPECT_EQ(decode_all({coded, tail}).error, 400);
  }
}

TEST_P(EveryCoding, AnEmptyBodyIsEmpty) {
  EXPECT_EQ(decode_all({}).error, 0);
  EXPECT_EQ(decode_all({""}).error, 0);
}

TEST_P(EveryCoding, TheLimitIsExact) {
  const std::string coded = encode(std::string(100'000, 'x'));
  EXPECT_EQ(decode_all({coded}, 100'000).error, 0);
  const Result over = decode_all({coded}, 99'999);
  EXPECT_EQ(over.error, 413);
  EXPECT_LE(over.out.size(), 99'999U);
}

TEST_P(EveryCoding, ABombCostsItsLimit) {
  const std::string coded = encode(std::string(std::size_t{64} << 20, '\0'));
  EXPECT_LT(coded.size(), std::size_t{1} << 20);
  const Result result = decode_all({coded});
  EXPECT_EQ(result.error, 413);
  EXPECT_LE(result.out.size(), kLimit);
  EXPECT_LE(result.out.capacity(), 4 * kLimit);
}

TEST_P(EveryCoding, DamageNeverPassesForTheTextNorEscapesTheLimit) {
  const std::string text = sample().substr(0, 2000);
  const std::string coded = encode(text);
  const bool checked = GetParam().name == "gzip" || GetParam().name == "zstd";
  const std::size_t header = checked ? 10 : 0;  // its time stamp and hints change nothing
  for (std::size_t i = header; i < coded.size(); ++i) {
    std::string damaged = coded;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    const Result result = decode_all({damaged}, 4000);
    EXPECT_LE(result.out.size(), 4000U);
    if (checked) {
      EXPECT_NE(result.error, 0) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, EveryCoding,
    testing::Values(Coding{"gzip", gzip}, Coding{"x-gzip", gzip}, Coding{"deflate", zlib},
                    Coding{"Deflate", raw_deflate}, Coding{"br", brotli},
                    Coding{"zstd", [](std::string_view t) { return zstd(t); }}));

TEST(ContentDecoder, IdentityPassesBytesThroughWithinTheLimit) {
  for (const char* name : {"", "identity", "IDENTITY", " identity , identity", ","}) {
    const auto decoder = ContentDecoder::create(name, 5);
    ASSERT_TRUE(decoder);
    EXPECT_TRUE(decoder->identity());
    EXPECT_EQ(decode(name, {"hel", "lo"}, 5).out, "hello");
    EXPECT_EQ(decode(name, {"hel", "lo!"}, 5).error, 413);
  }
  EXPECT_FALSE(ContentDecoder::create("gzip", 5)->identity());
}

TEST(ContentDecoder, UndoesStackedCodingsFromTheLast) {
  const std::string text = sample();
  EXPECT_EQ(decode("gzip, br", {brotli(gzip(text))}).out, text);
  EXPECT_EQ(decode("deflate,identity, zstd", {zstd(zlib(text))}).out, text);
  const std::string three = zstd(brotli(gzip(text)));
  EXPECT_EQ(decode("GZIP,BR,ZSTD", {three}).out, text);
  EXPECT_EQ(decode("gzip, br, zstd", bytes_of(three)).out, text);
  EXPECT_EQ(decode("br, gzip", {brotli(gzip(text))}).error, 400);
  EXPECT_EQ(decode("gzip, br", {brotli(gzip(text).substr(0, 100))}).error, 400);
}

TEST(ContentDecoder, ABombInsideAnotherCodingIsStoppedWhereItUnfolds) {
  // The outer layers stay small; only the middle one is huge, and little would come out of it.
  const std::string middle = std::string(std::size_t{64} << 20, '\0');
  const Result result = decode("br, gzip", {gzip(middle)});
  EXPECT_NE(result.error, 0);
  EXPECT_EQ(decode("gzip, gzip", {gzip(gzip(middle))}).error, 413);
}

TEST(ContentDecoder, RefusesUnknownCodingsAndHighStacks) {
  for (const char* name : {"compress", "gzip;q=1", "gzip br", "aes128gcm", "dcz", "*", "gzipp",
                           "gzip, gzip, gzip, gzip"}) {
    EXPECT_EQ(decode(name, {}).error, 415) << name;
  }
}

TEST(ContentDecoder, JoinsMembersAndFrames) {
  EXPECT_EQ(decode("gzip", {gzip("a") + gzip("") + gzip("b")}).out, "ab");
  EXPECT_EQ(decode("gzip", bytes_of(gzip("a") + gzip("b"))).out, "ab");
  const std::string skippable("\x50\x2a\x4d\x18\x03\0\0\0xyz", 11);
  EXPECT_EQ(decode("zstd", {zstd("a") + skippable + zstd("b")}).out, "ab");
  EXPECT_EQ(decode("zstd", bytes_of(zstd("a") + skippable + zstd("b"))).out, "ab");
}

TEST(ContentDecoder, FlushedInputComesOutAtOnce) {
  const std::string event = "data: {\"delta\":\"hello\"}\n\n";
  const std::string gzip_flushed = deflated(event, 31, Z_SYNC_FLUSH);
  const std::string zlib_flushed = deflated(event, 15, Z_SYNC_FLUSH);

  std::string brotli_flushed(1024, '\0');
  BrotliEncoderState* encoder = BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
  std::size_t in_size = event.size();
  std::size_t out_size = brotli_flushed.size();
  const auto* in = reinterpret_cast<const std::uint8_t*>(event.data());
  auto* out = reinterpret_cast<std::uint8_t*>(brotli_flushed.data());
  BrotliEncoderCompressStream(encoder, BROTLI_OPERATION_FLUSH, &in_size, &in, &out_size, &out,
                              nullptr);
  brotli_flushed.resize(brotli_flushed.size() - out_size);
  BrotliEncoderDestroyInstance(encoder);

  std::string zstd_flushed(1024, '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_inBuffer input{event.data(), event.size(), 0};
  ZSTD_outBuffer output{zstd_flushed.data(), zstd_flushed.size(), 0};
  ZSTD_compressStream2(context, &output, &input, ZSTD_e_flush);
  zstd_flushed.resize(output.pos);
  ZSTD_freeCCtx(context);

  for (const auto& [name, coded] : {std::pair{"gzip", gzip_flushed},
                                    {"deflate", zlib_flushed},
                                    {"br", brotli_flushed},
                                    {"zstd", zstd_flushed}}) {
    auto decoder = ContentDecoder::create(name, kLimit);
    std::string text;
    ASSERT_TRUE(decoder->feed(coded, text));
    EXPECT_EQ(text, event) << name;
    EXPECT_FALSE(decoder->finish()) << name;
  }
}

TEST(ContentDecoder, BoundsTheZstdWindow) {
  const std::string text = sample();
  EXPECT_EQ(decode("zstd", {zstd(text, 23)}).out, text);
  EXPECT_EQ(decode("zstd", {zstd(text, 24)}).error, 400);
  EXPECT_EQ(decode("zstd", {zstd(text, 27)}).error, 400);
}

TEST(ContentDecoder, RefusesZstdFormatsBeforeItsFirstRelease) {
  for (const char first : {'\x1e', '\x22', '\x24', '\x25', '\x26', '\x27'}) {
    EXPECT_EQ(
        decode("zstd", {std::string(1, first) + "\xb5\x2f\xfd" + std::string(32, '\0')}).error,
        400);
  }
}

TEST(ContentDecoder, PresetDictionariesAreRefused) {
  EXPECT_EQ(decode("deflate", {std::string("\x78\xbb\0\0\0\1", 6) + raw_deflate("x")}).error, 400);
}

TEST(ContentDecoder, EmptyPiecesChangeNothing) {
  const std::string coded = zstd(sample());
  std::vector<std::string_view> pieces(100);
  pieces.insert(pieces.begin(), std::string_view(coded).substr(0, 500));
  pieces.push_back(std::string_view(coded).substr(500));
  EXPECT_EQ(decode("zstd", pieces).out, sample());
}

TEST(ContentDecoder, MovesWithItsState) {
  const std::string coded = gzip("hello");
  auto first = ContentDecoder::create("gzip", kLimit);
  std::string text;
  ASSERT_TRUE(first->feed(std::string_view(coded).substr(0, 12), text));
  ContentDecoder second = std::move(*first);
  ASSERT_TRUE(second.feed(std::string_view(coded).substr(12), text));
  EXPECT_TRUE(second.finish());
  EXPECT_EQ(text, "hello");
}

}  // namespace
}  // namespace customhouse::proto
