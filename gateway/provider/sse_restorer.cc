#include <algorithm>
#include <map>
#include <utility>

#include "gateway/proto/sse.h"
#include "gateway/provider/json_text.h"
#include "gateway/provider/restorers.h"

namespace customhouse::provider {

namespace {

constexpr std::size_t kMaxChannels = 4096;  // an upstream that opens texts and never ends them

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

class SseRestorer final : public AnswerRestorer {
 public:
  explicit SseRestorer(const std::vector<policy::RestoreEntry>& entries) : placeholders_(entries) {}

  std::expected<void, proto::ProtocolError> feed(std::string_view bytes,
                                                 std::string& out) override {
    auto fed = decoder_.feed(bytes);
    while (auto event = decoder_.next()) {
      if (auto passed = pass(std::move(*event), out); !passed) return passed;
    }
    return fed;
  }

  void finish(bool truncated, std::string& out) override {
    for (auto& [name, channel] : channels_) give_out(channel, truncated, out);
    channels_.clear();
    out += decoder_.take_rest();
  }

 private:
  struct Channel {
    TextChannel text;
    std::shared_ptr<const proto::SseEvent> event;  // of the last delta, while text is held
    std::size_t delta_at = 0;  // where that delta's string begins in the event's data
  };

  std::expected<void, proto::ProtocolError> pass(proto::SseEvent event, std::string& out) {
    if (!event.has_data()) {
      out += event.raw;
      return {};
    }
    if (trimmed(event.data) == "[DONE]") {
      end_channels({}, {}, out);
      out += event.raw;
      return {};
    }
    // The index looks into the event's data, which channels may keep.
    const auto shared = std::make_shared<const proto::SseEvent>(std::move(event));
    const auto index = JsonIndex::parse(shared->data, kAnswerLimits);
    if (!index || index->nodes().empty()) {
      out += shared->raw;
      return {};
    }
    const EventFields fields = read_event(*index, 0);
    for (const std::string& prefix : fields.ended) end_channels(prefix, fields.deltas, out);
    std::vector<policy::Edit> edits;
    for (const DeltaField& delta : fields.deltas) {
      if (channels_.size() >= kMaxChannels) {
        return std::unexpected(proto::ProtocolError{502, "the answer has too many texts"});
      }
      append_delta(*index, delta, shared, edits);
    }
    restore_complete(*index, fields.complete, placeholders_, restored_, edits);
    out += edits.empty() ? shared->raw
                         : proto::with_data(*shared, with_edits(shared->data, std::move(edits)));
    return {};
  }

  void append_delta(const JsonIndex& index, const DeltaField& delta,
                    const std::shared_ptr<const proto::SseEvent>& event,
                    std::vector<policy::Edit>& edits) {
    const auto at =
        channels_.try_emplace(delta.channel, Channel{TextChannel(placeholders_, delta.use), {}, 0})
            .first;
    Channel& channel = at->second;
    const JsonNode& node = index[delta.node];
    const auto changes = channel.text.append(index.text(node), delta.last, restored_);
    std::ranges::move(edits_in_raw(index.raw(node), changes, node.begin),
                      std::back_inserter(edits));
    if (delta.last) {
      channels_.erase(at);
    } else {
      channel.event = channel.text.holds() ? event : nullptr;
      channel.delta_at = node.begin;
    }
  }

  void end_channels(std::string_view prefix, const std::vector<DeltaField>& but, std::string& out) {
    for (auto at = channels_.lower_bound(prefix);
         at != channels_.end() && at->first.starts_with(prefix);) {
      if (std::ranges::find(but, at->first, &DeltaField::channel) != but.end()) {
        ++at;
        continue;
      }
      give_out(at->second, false, out);
      at = channels_.erase(at);
    }
  }

  /// What a channel still holds goes out as a copy of its last delta, with nothing else in it.
  void give_out(Channel& channel, bool raw, std::string& out) {
    if (!channel.text.holds()) return;
    const std::string text = raw ? channel.text.take_raw() : channel.text.finish(restored_);
    const proto::SseEvent& event = *channel.event;
    const auto index = JsonIndex::parse(event.data, kAnswerLimits);
    if (!index) return;  // cannot be: it was read before
    const EventFields fields = read_event(*index, 0);
    std::vector<policy::Edit> edits;
    for (const DeltaField& delta : fields.deltas) {
      const JsonNode& node = (*index)[delta.node];
      const bool own = node.begin == channel.delta_at;
      edits.push_back({node.begin, node.end, own ? json_escaped(text) : std::string{}});
    }
    for (const std::uint32_t node : fields.once)
      edits.push_back({(*index)[node].begin, (*index)[node].end, {}});
    out += proto::with_data(event, with_edits(event.data, std::move(edits)));
  }

  PlaceholderSet placeholders_;
  proto::SseDecoder decoder_;
  std::map<std::string, Channel, std::less<>> channels_;
};

}  // namespace

std::unique_ptr<AnswerRestorer> make_sse_restorer(
    const std::vector<policy::RestoreEntry>& entries) {
  return std::make_unique<SseRestorer>(entries);
}

}  // namespace customhouse::provider
