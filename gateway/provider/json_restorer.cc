#include <map>

#include "gateway/provider/json_text.h"
#include "gateway/provider/restorers.h"

namespace customhouse::provider {

namespace {

constexpr std::size_t kMaxDocument = 64 * 1024 * 1024;

/// One JSON document, restored when it is complete. A streamed array (Gemini without alt=sse) is a
/// list of events whose texts continue each other.
class JsonRestorer final : public AnswerRestorer {
 public:
  explicit JsonRestorer(const std::vector<policy::RestoreEntry>& entries)
      : placeholders_(entries) {}

  std::expected<void, proto::ProtocolError> feed(std::string_view bytes, std::string&) override {
    if (bytes.size() > kMaxDocument - document_.size()) {
      return std::unexpected(proto::ProtocolError{502, "the answer is too large to be restored"});
    }
    document_ += bytes;
    return {};
  }

  void finish(bool truncated, std::string& out) override {
    std::expected<JsonIndex, JsonFault> index = std::unexpected(JsonFault{});
    if (!truncated) index = JsonIndex::parse(document_, kAnswerLimits);
    out += index ? restore(*index) : document_;
    document_.clear();
  }

 private:
  std::string restore(const JsonIndex& index) {
    std::vector<EventFields> events;
    if (!index.nodes().empty() && index[0].kind == JsonNode::Kind::Array) {
      for (std::uint32_t i = 1; i < index[0].next; i = index[i].next)
        events.push_back(read_event(index, i));
    } else if (!index.nodes().empty()) {
      events.push_back(read_event(index, 0));
    }
    std::map<std::string_view, const DeltaField*> last_of_channel;
    for (const EventFields& event : events) {
      for (const DeltaField& delta : event.deltas) last_of_channel[delta.channel] = &delta;
    }
    std::map<std::string_view, TextChannel> channels;
    std::vector<policy::Edit> edits;
    for (const EventFields& event : events) {
      for (const DeltaField& delta : event.deltas) {
        auto& channel = channels.try_emplace(delta.channel, placeholders_, delta.use).first->second;
        const JsonNode& node = index[delta.node];
        const bool last = last_of_channel[delta.channel] == &delta;
        const auto changes = channel.append(index.text(node), last, restored_);
        for (policy::Edit& edit : edits_in_raw(index.raw(node), changes, node.begin))
          edits.push_back(std::move(edit));
      }
      restore_complete(index, event.complete, placeholders_, restored_, edits);
    }
    return edits.empty() ? document_ : with_edits(document_, std::move(edits));
  }

  PlaceholderSet placeholders_;
  std::string document_;
};

}  // namespace

std::unique_ptr<AnswerRestorer> make_json_restorer(
    const std::vector<policy::RestoreEntry>& entries) {
  return std::make_unique<JsonRestorer>(entries);
}

}  // namespace customhouse::provider
