#include "gateway/proto/content_coding.h"

#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "gateway/proto/content_stage.h"
#include "gateway/proto/http_syntax.h"

namespace customhouse::proto {
namespace {

constexpr std::size_t kMaxCodings = 3;
constexpr std::size_t kStepBytes = 16 * 1024;

}  // namespace

struct ContentDecoder::State {
  /// A coding and how much came out of it. Every one is held to the limit: a bomb inside another
  /// coding costs time even if little comes out at the end.
  struct Layer {
    std::unique_ptr<Stage> stage;
    std::size_t produced = 0;
  };

  std::vector<Layer> layers;  // in the order of decoding: the coding applied last comes first
  std::size_t max_output = 0;
  std::size_t passed = 0;  // identity: bytes so far
  std::optional<ProtocolError> failure;

  std::expected<void, ProtocolError> decode(std::size_t depth, std::string_view bytes,
                                            std::string& out);
};

ContentDecoder::ContentDecoder() : state_(std::make_unique<State>()) {}
ContentDecoder::ContentDecoder(ContentDecoder&&) noexcept = default;
ContentDecoder& ContentDecoder::operator=(ContentDecoder&&) noexcept = default;
ContentDecoder::~ContentDecoder() = default;

std::expected<ContentDecoder, ProtocolError> ContentDecoder::create(
    std::string_view content_encoding, std::size_t max_output_bytes) {
  ContentDecoder decoder;
  decoder.state_->max_output = max_output_bytes;
  auto& layers = decoder.state_->layers;
  bool known = true;
  for_each_element(content_encoding, [&](std::string_view coding) {
    if (!known || equals_ignoring_case(coding, "identity")) return;
    auto stage = layers.size() < kMaxCodings ? make_stage(coding) : nullptr;
    known = stage != nullptr;
    if (known) layers.insert(layers.begin(), {std::move(stage), 0});
  });
  if (!known) return std::unexpected(ProtocolError{415, "unsupported content coding"});
  return decoder;
}

bool ContentDecoder::identity() const noexcept {
  return state_->layers.empty();
}

std::expected<void, ProtocolError> ContentDecoder::feed(std::string_view bytes, std::string& out) {
  if (state_->failure) return std::unexpected(*state_->failure);
  if (bytes.empty()) return {};
  auto result = state_->decode(0, bytes, out);
  if (!result) state_->failure = result.error();
  return result;
}

/// Runs `bytes` through the layer at `depth` in small steps, and each step through the layers
/// behind it. At most kMaxCodings deep.
std::expected<void, ProtocolError> ContentDecoder::State::decode(std::size_t depth,
                                                                 std::string_view bytes,
                                                                 std::string& out) {
  if (depth == layers.size()) {
    if (bytes.size() > max_output - passed) {
      return std::unexpected(ProtocolError{413, "decoded body too large"});
    }
    passed += bytes.size();
    out.append(bytes);
    return {};
  }
  Layer& layer = layers[depth];
  std::array<char, kStepBytes> buffer;
  for (;;) {
    const auto step = layer.stage->step(bytes, buffer);
    if (!step) return std::unexpected(step.error());
    bytes.remove_prefix(step->consumed);
    if (step->produced > max_output - layer.produced) {
      return std::unexpected(ProtocolError{413, "decoded body too large"});
    }
    layer.produced += step->produced;
    if (step->produced > 0) {
      auto passed_on = decode(depth + 1, {buffer.data(), step->produced}, out);
      if (!passed_on) return passed_on;
    } else if (step->consumed == 0) {
      if (bytes.empty()) return {};
      return std::unexpected(ProtocolError{400, "corrupt content coding"});
    }
  }
}

std::expected<void, ProtocolError> ContentDecoder::finish() {
  if (state_->failure) return std::unexpected(*state_->failure);
  for (const State::Layer& layer : state_->layers) {
    if (layer.stage->complete()) continue;
    state_->failure = ProtocolError{400, "truncated content coding"};
    return std::unexpected(*state_->failure);
  }
  return {};
}

}  // namespace customhouse::proto
