#include "gateway/proto/content_stage.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <string>

namespace customhouse::proto {
namespace {

// RFC 9659: a window above 8 MiB is not to be used on the web. It bounds a decoder's memory.
constexpr int kZstdWindowLog = 23;

std::unexpected<ProtocolError> corrupt(const char* what) {
  return std::unexpected(ProtocolError{400, what});
}

const Bytef* as_bytes(std::string_view text) {
  return reinterpret_cast<const Bytef*>(text.data());
}

struct InflateEnd {
  void operator()(z_stream* stream) const noexcept {
    inflateEnd(stream);
    delete stream;
  }
};
using InflateStream = std::unique_ptr<z_stream, InflateEnd>;

/// `window_bits` chooses the wrapper, as inflateInit2() takes it.
InflateStream make_inflate(int window_bits) {
  auto stream = std::make_unique<z_stream>();
  *stream = {};
  if (inflateInit2(stream.get(), window_bits) != Z_OK) throw std::bad_alloc();
  return InflateStream(stream.release());
}

struct InflateStep {
  CodingStep sizes;
  bool ended = false;
};

std::expected<InflateStep, ProtocolError> inflate_step(z_stream& stream, std::string_view input,
                                                       std::span<char> output) {
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  const auto offered = static_cast<uInt>(std::min(input.size(), kMost));
  const auto room = static_cast<uInt>(std::min(output.size(), kMost));
  stream.next_in = const_cast<Bytef*>(as_bytes(input));  // zlib only reads
  stream.avail_in = offered;
  stream.next_out = reinterpret_cast<Bytef*>(output.data());
  stream.avail_out = room;
  const int result = ::inflate(&stream, Z_NO_FLUSH);
  if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    return corrupt("corrupt deflate data");
  }
  return InflateStep{{offered - stream.avail_in, room - stream.avail_out}, result == Z_STREAM_END};
}

/// RFC 1952: one or more members. Bytes behind the last one must begin another.
class GzipStage final : public ContentDecoder::Stage {
 public:
  std::expected<CodingStep, ProtocolError> step(std::string_view input,
                                                std::span<char> output) override {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (complete_ && input.empty()) return CodingStep{};
    if (!stream_)
      stream_ = make_inflate(kGzipOnly);
    else if (complete_)
      inflateReset(stream_.get());
    auto step = inflate_step(*stream_, input, output);
    if (!step) return std::unexpected(std::move(step.error()));
    complete_ = step->ended;
    return step->sizes;
  }
  bool complete() const noexcept override { return complete_; }

 private:
  InflateStream stream_;
  bool complete_ = true;
};

/// RFC 9110 §8.4.1.2 means zlib's format (RFC 1950); many senders leave its wrapper out, which
/// browsers accept. The first two bytes tell them apart.
class DeflateStage final : public ContentDecoder::Stage {
 public:
  std::expected<CodingStep, ProtocolError> step(std::string_view input,
                                                std::span<char> output) override {
    if (ended_) {
      if (input.empty()) return CodingStep{};
      return corrupt("bytes after the end of the deflate data");
    }
    if (!stream_) return read_header(input);
    if (header_fed_ < kHeaderBytes) {
      const std::string_view header(header_.data(), kHeaderBytes);
      auto step = inflate(header.substr(header_fed_), output);
      if (!step) return step;
      header_fed_ += step->consumed;
      if (ended_ && header_fed_ < kHeaderBytes) {
        return corrupt("bytes after the end of the deflate data");
      }
      if (ended_ || step->produced > 0) return CodingStep{0, step->produced};
    }
    return inflate(input, output);
  }
  bool complete() const noexcept override { return ended_ || (!stream_ && header_size_ == 0); }

 private:
  static constexpr std::size_t kHeaderBytes = 2;

  std::expected<CodingStep, ProtocolError> read_header(std::string_view input) {
    const std::size_t taken = std::min(kHeaderBytes - header_size_, input.size());
    std::ranges::copy(input.substr(0, taken),
                      header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
    header_size_ += taken;
    if (header_size_ == kHeaderBytes) {
      const unsigned method = static_cast<unsigned char>(header_[0]);
      const unsigned flags = static_cast<unsigned char>(header_[1]);
      const bool zlib =
          (method & 0x0f) == Z_DEFLATED && method >> 4 <= 7 && (method * 256 + flags) % 31 == 0;
      stream_ = make_inflate(zlib ? MAX_WBITS : -MAX_WBITS);
    }
    return CodingStep{taken, 0};
  }

  std::expected<CodingStep, ProtocolError> inflate(std::string_view input, std::span<char> output) {
    auto step = inflate_step(*stream_, input, output);
    if (!step) return std::unexpected(std::move(step.error()));
    ended_ = step->ended;
    return step->sizes;
  }

  InflateStream stream_;
  std::array<char, kHeaderBytes> header_{};
  std::size_t header_size_ = 0;
  std::size_t header_fed_ = 0;
  bool ended_ = false;
};

class BrotliStage final : public ContentDecoder::Stage {
 public:
  std::expected<CodingStep, ProtocolError> step(std::string_view input,
                                                std::span<char> output) override {
    if (ended_ && !input.empty()) return corrupt("bytes after the end of the brotli data");
    if (ended_ || (!decoder_ && input.empty())) return CodingStep{};
    if (!decoder_) {
      decoder_.reset(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
      if (!decoder_) throw std::bad_alloc();
    }
    std::size_t available_in = input.size();
    std::size_t available_out = output.size();
    const std::uint8_t* next_in = as_bytes(input);
    auto* next_out = reinterpret_cast<std::uint8_t*>(output.data());
    const auto result = BrotliDecoderDecompressStream(decoder_.get(), &available_in, &next_in,
                                                      &available_out, &next_out, nullptr);
    if (result == BROTLI_DECODER_RESULT_ERROR) return corrupt("corrupt brotli data");
    ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
    return CodingStep{input.size() - available_in, output.size() - available_out};
  }
  bool complete() const noexcept override { return ended_ || !decoder_; }

 private:
  struct Destroy {
    void operator()(BrotliDecoderState* state) const noexcept {
      BrotliDecoderDestroyInstance(state);
    }
  };
  std::unique_ptr<BrotliDecoderState, Destroy> decoder_;
  bool ended_ = false;
};

/// RFC 8878: one or more frames, also skippable ones.
class ZstdStage final : public ContentDecoder::Stage {
 public:
  std::expected<CodingStep, ProtocolError> step(std::string_view input,
                                                std::span<char> output) override {
    if (complete_ && input.empty()) return CodingStep{};
    if (complete_ && !begins_frame(input.front())) return corrupt("not a zstd frame");
    if (!context_) {
      context_.reset(ZSTD_createDCtx());
      if (!context_ || ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax,
                                                           kZstdWindowLog)) != 0U) {
        throw std::bad_alloc();
      }
    }
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    const std::size_t result = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(result) != 0U) return corrupt("corrupt zstd data");
    complete_ = result == 0;
    return CodingStep{in.pos, out.pos};
  }
  bool complete() const noexcept override { return complete_; }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
  };
  /// First byte of a data frame's or a skippable frame's magic number. The formats before zstd 1.0,
  /// which the library may also read, begin otherwise: their decoders are not for hostile input.
  static bool begins_frame(char first) {
    const auto byte = static_cast<unsigned char>(first);
    return byte == 0x28 || (byte & 0xf0) == 0x50;
  }

  std::unique_ptr<ZSTD_DCtx, Free> context_;
  bool complete_ = true;
};

}  // namespace

std::unique_ptr<ContentDecoder::Stage> make_stage(std::string_view coding) {
  if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
    return std::make_unique<GzipStage>();
  }
  if (equals_ignoring_case(coding, "deflate")) return std::make_unique<DeflateStage>();
  if (equals_ignoring_case(coding, "br")) return std::make_unique<BrotliStage>();
  if (equals_ignoring_case(coding, "zstd")) return std::make_unique<ZstdStage>();
  return nullptr;
}

}  // namespace customhouse::proto
