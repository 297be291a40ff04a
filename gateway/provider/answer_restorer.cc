#include "gateway/provider/answer_restorer.h"

#include <algorithm>
#include <utility>

#include "gateway/provider/content_class.h"
#include "gateway/provider/json_text.h"
#include "gateway/provider/multipart.h"
#include "gateway/provider/restorers.h"

namespace customhouse::provider {

namespace {

class PassThrough final : public AnswerRestorer {
 public:
  std::expected<void, proto::ProtocolError> feed(std::string_view bytes,
                                                 std::string& out) override {
    out += bytes;
    return {};
  }
  void finish(bool, std::string&) override {}
};

/// Plain text, and JSON lines: the channel itself knows when it stands in a JSON string.
class TextRestorer final : public AnswerRestorer {
 public:
  explicit TextRestorer(const std::vector<policy::RestoreEntry>& entries)
      : placeholders_(entries), channel_(placeholders_, TextUse::Prose) {}

  std::expected<void, proto::ProtocolError> feed(std::string_view bytes,
                                                 std::string& out) override {
    out += policy::apply_edits(bytes, channel_.append(bytes, false, restored_));
    return {};
  }
  void finish(bool truncated, std::string& out) override {
    out += truncated ? channel_.take_raw() : channel_.finish(restored_);
  }

 private:
  PlaceholderSet placeholders_;
  TextChannel channel_;
};

}  // namespace

std::unique_ptr<AnswerRestorer> make_text_restorer(
    const std::vector<policy::RestoreEntry>& entries) {
  return std::make_unique<TextRestorer>(entries);
}

void restore_complete(const JsonIndex& index, const std::vector<CompleteField>& fields,
                      const PlaceholderSet& placeholders, std::uint64_t& restored,
                      std::vector<policy::Edit>& edits) {
  HostVerdicts verdicts;  // of the arguments that are objects of this document
  for (const CompleteField& field : fields) {
    const JsonNode& node = index[field.node];
    const std::string decoded = node.escaped ? index.text(node) : std::string{};
    const std::string_view text = node.escaped ? std::string_view(decoded) : index.raw(node);
    const PlaceholderSet::Match first = placeholders.find(text, 0);
    if (first.begin == text.size()) continue;
    const bool in_object = field.arguments != kNoNode;
    TextChannel channel(placeholders, field.use);
    const auto changes =
        channel.append(text, true, restored, in_object ? index.raw(index[field.arguments]) : text,
                       in_object ? &verdicts : nullptr);
    std::ranges::move(edits_in_raw(index.raw(node), changes, node.begin),
                      std::back_inserter(edits));
  }
}

std::string with_edits(std::string_view document, std::vector<policy::Edit> edits) {
  std::ranges::sort(edits, {},
                    [](const policy::Edit& edit) { return std::pair(edit.begin, edit.end); });
  return policy::apply_edits(document, edits);
}

std::unique_ptr<AnswerRestorer> AnswerRestorer::create(
    const Operation&, std::string_view content_type,
    const std::vector<policy::RestoreEntry>& entries) {
  if (entries.empty()) return std::make_unique<PassThrough>();
  const std::string type = media_type(content_type);
  if (type == "text/event-stream") return make_sse_restorer(entries);
  switch (content_class(type)) {
    case ContentClass::Json:
      return make_json_restorer(entries);
    case ContentClass::JsonLines:
    case ContentClass::Text:
      return make_text_restorer(entries);
    case ContentClass::Opaque:
    case ContentClass::Unknown:
      break;
  }
  return std::make_unique<PassThrough>();
}

}  // namespace customhouse::provider
