#include "gateway/provider/answer_fields.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <set>

#include "gateway/provider/field_roles.h"

namespace customhouse::provider {

namespace {

using Kind = JsonNode::Kind;

bool is_container(const JsonNode& node) noexcept {
  return node.kind == Kind::Object || node.kind == Kind::Array;
}

/// Strings beside deltas that are whole in one event.
bool is_whole_beside_delta(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 9> kNames = {"role",      "id",      "type",
                                                      "name",      "call_id", "tool_call_id",
                                                      "signature", "format",  "tool_use_id"};
  return std::ranges::find(kNames, name) != kNames.end();
}

class EventReader {
 public:
  EventReader(const JsonIndex& index, std::uint32_t root)
      : index_(index), root_(root), taken_(index[root].next - root, false) {}

  EventFields read() {
    if (index_[root_].kind == Kind::Object) {
      const std::string type = string_member(root_, "type");
      if (const std::uint32_t choices = index_.member(root_, "choices"); choices != kNoNode)
        read_choices(choices);
      read_candidates(root_);
      // Gemini Code Assist wraps the same answer.
      if (const std::uint32_t inner = index_.member(root_, "response");
          inner != kNoNode && object(inner))
        read_candidates(inner);
      if (type.starts_with("response.")) {
        read_response_event(type);
      } else if (const std::uint32_t delta = index_.member(root_, "delta"); delta != kNoNode) {
        read_delta_event(delta, type);
      } else if (type.ends_with("_stop") || type.ends_with("-end") || type.ends_with("_end")) {
        const std::string_view position = index_.scalar(root_, "index");
        fields_.ended.push_back(position.empty() ? std::string{}
                                                 : "a" + std::string(position) + "/");
      } else if (type == "error") {
        fields_.ended.emplace_back();
      }
    }
    // A text in two pieces of one event ends with the second.
    std::set<std::string_view> seen;
    for (DeltaField& delta : std::views::reverse(fields_.deltas)) {
      if (!seen.insert(delta.channel).second) delta.last = false;
    }
    read_complete();
    return std::move(fields_);
  }

 private:
  bool object(std::uint32_t node) const { return index_[node].kind == Kind::Object; }

  std::string string_member(std::uint32_t in, std::string_view name) const {
    const std::uint32_t node = index_.member(in, name);
    return node != kNoNode && index_[node].kind == Kind::String ? index_.text(index_[node])
                                                                : std::string{};
  }

  std::string name_of(std::uint32_t node) const {
    const JsonNode& at = index_[node];
    if (at.parent == kNoNode || index_[at.parent].kind != Kind::Object || at.name == kNoNode)
      return {};
    return index_.text(index_[at.name]);
  }

  /// The element's "index" member, or its place in its array.
  std::string position_of(std::uint32_t element) const {
    if (object(element)) {
      const std::string_view named = index_.scalar(element, "index");
      if (!named.empty() && named != "null") return std::string(named.substr(0, 20));
    }
    return std::to_string(index_[element].name);
  }

  void take(std::uint32_t node, std::string channel, TextUse use, bool last) {
    taken_[node - root_] = true;
    fields_.deltas.push_back({node, std::move(channel), use, last});
  }

  /// All strings at or under `top` continue the text of their place.
  void read_strings(std::uint32_t top, const std::string& channel, TextUse use, bool last) {
    struct Level {
      std::uint32_t next;
      std::string channel;
      TextUse use;
    };
    std::vector<Level> levels;
    for (std::uint32_t i = top; i < index_[top].next; ++i) {
      while (!levels.empty() && i >= levels.back().next) levels.pop_back();
      const JsonNode& node = index_[i];
      if (node.kind != Kind::String && !is_container(node)) continue;
      const std::string& above = levels.empty() ? channel : levels.back().channel;
      const TextUse used = levels.empty() ? use : levels.back().use;
      const bool in_object = i != top && index_[node.parent].kind == Kind::Object;
      const std::string name = in_object ? name_of(i) : std::string{};
      if (is_container(node)) {
        if (levels.size() > 32) return;  // deeper than any delta: complete strings
        std::string place = i == top ? above : above + "/" + (in_object ? name : position_of(i));
        const bool call = name == "tool_calls" || name == "function_call" || name == "tool_call" ||
                          name == "toolUse";
        levels.push_back({node.next, std::move(place), call ? TextUse::ToolText : used});
        continue;
      }
      if (in_object && is_whole_beside_delta(name)) {
        if (name != "type" && name != "format") fields_.once.push_back(i);
        continue;
      }
      const bool arguments =
          is_arguments_field(name) ||
          (name == "input" && used == TextUse::ToolText && above.ends_with("toolUse"));
      take(i, in_object ? above + "/" + name : above, arguments ? TextUse::ToolArguments : used,
           last);
    }
  }

  // OpenAI chat and completions, whoever serves them.
  void read_choices(std::uint32_t choices) {
    for (std::uint32_t i = choices + 1; i < index_[choices].next; i = index_[i].next) {
      if (!object(i)) continue;
      const std::string channel = "c" + position_of(i);
      const std::uint32_t reason = index_.member(i, "finish_reason");
      const bool last = reason != kNoNode && index_[reason].kind == Kind::String;
      const std::uint32_t delta = index_.member(i, "delta");
      const std::uint32_t text = index_.member(i, "text");
      if (delta != kNoNode) read_strings(delta, channel, TextUse::Prose, last);
      if (text != kNoNode && index_[text].kind == Kind::String)
        take(text, channel + "/text", TextUse::Prose, last);
      if (last) fields_.ended.push_back(channel + "/");
    }
  }

  void read_candidates(std::uint32_t in) {
    const std::uint32_t candidates = index_.member(in, "candidates");
    if (candidates == kNoNode || index_[candidates].kind != Kind::Array) return;
    for (std::uint32_t i = candidates + 1; i < index_[candidates].next; i = index_[i].next) {
      if (!object(i)) continue;
      const std::string channel = "g" + position_of(i);
      bool last = index_.member(i, "finishReason") != kNoNode;
      const std::uint32_t content = index_.member(i, "content");
      const std::uint32_t parts =
          content != kNoNode && object(content) ? index_.member(content, "parts") : kNoNode;
      if (parts != kNoNode && index_[parts].kind == Kind::Array) {
        // A part of another kind ends the text in front of it.
        for (std::uint32_t p = parts + 1; p < index_[parts].next && !last; p = index_[p].next) {
          last = object(p) && index_.member(p, "text") == kNoNode;
        }
        for (std::uint32_t p = parts + 1; p < index_[parts].next; p = index_[p].next) {
          const std::uint32_t text = object(p) ? index_.member(p, "text") : kNoNode;
          if (text == kNoNode || index_[text].kind != Kind::String) continue;
          const bool thought = index_.scalar(p, "thought") == "true";
          take(text, channel + (thought ? "/thought" : "/text"), TextUse::Prose, last);
        }
      }
      if (last) fields_.ended.push_back(channel + "/");
    }
  }

  // OpenAI responses: "response.output_text.delta" continues, "….done" repeats and ends.
  void read_response_event(const std::string& type) {
    const std::string_view output = index_.scalar(root_, "output_index");
    const std::string item = output.empty() ? string_member(root_, "item_id") : std::string(output);
    const std::string prefix = "r" + item + "/";
    const std::string kind = type.substr(0, type.rfind('.'));
    const std::string channel = prefix + std::string(index_.scalar(root_, "content_index")) + "/" +
                                std::string(index_.scalar(root_, "summary_index")) + "/" + kind;
    if (type.ends_with(".delta")) {
      const std::uint32_t delta = index_.member(root_, "delta");
      if (delta == kNoNode) return;
      const bool arguments = kind.ends_with("arguments");
      const bool tool = arguments || kind.find("tool_call") != std::string::npos ||
                        kind.find("_call_") != std::string::npos;
      read_strings(delta, channel,
                   arguments ? TextUse::ToolArguments
                   : tool    ? TextUse::ToolText
                             : TextUse::Prose,
                   false);
    } else if (type == "response.output_item.done" || type == "response.content_part.done") {
      fields_.ended.push_back(prefix);
    } else if (type.ends_with(".done")) {
      fields_.ended.push_back(channel);
    } else if (type == "response.completed" || type == "response.failed" ||
               type == "response.incomplete") {
      fields_.ended.emplace_back();
    }
  }

  // Anthropic's content_block_delta, and what resembles it (Cohere's content-delta).
  void read_delta_event(std::uint32_t delta, const std::string& type) {
    if (type == "message_delta" || type == "message-end") {
      fields_.ended.emplace_back();
      return;
    }
    if (!object(delta) && index_[delta].kind != Kind::String) return;
    const std::string channel = "a" + std::string(index_.scalar(root_, "index"));
    read_strings(delta, channel, TextUse::Prose, false);
  }

  /// Every other string, with the tool call it may belong to.
  void read_complete() {
    struct Level {
      std::uint32_t next;
      std::uint32_t arguments;
      bool function_call;
    };
    std::vector<Level> levels;
    for (std::uint32_t i = root_; i < index_[root_].next; ++i) {
      while (!levels.empty() && i >= levels.back().next) levels.pop_back();
      const JsonNode& node = index_[i];
      const std::uint32_t above = levels.empty() ? kNoNode : levels.back().arguments;
      if (node.kind == Kind::Key || node.kind == Kind::String) {
        if (!taken_[i - root_])
          add_complete(i, above, !levels.empty() && levels.back().function_call);
      } else if (is_container(node)) {
        const std::string name = name_of(i);
        const bool arguments =
            above == kNoNode && i != root_ &&
            begins_arguments(i, name, !levels.empty() && levels.back().function_call);
        levels.push_back({node.next, arguments ? i : above, is_function_call_field(name)});
      }
    }
  }

  bool begins_arguments(std::uint32_t node, const std::string& name, bool in_function_call) const {
    if (is_arguments_field(name)) return true;
    if (name == "args") return in_function_call;
    return name == "input" && is_tool_call_type(string_member(index_[node].parent, "type"));
  }

  void add_complete(std::uint32_t node, std::uint32_t arguments, bool in_function_call) {
    CompleteField field{node, TextUse::Prose, arguments};
    if (arguments != kNoNode) {
      // A string in an arguments object: its own text is no JSON fragment.
      field.use = TextUse::ToolText;
    } else if (index_[node].kind == Kind::String) {
      const std::string name = name_of(node);
      if (begins_arguments(node, name, in_function_call)) {
        field.use = name == "input" ? TextUse::ToolText : TextUse::ToolArguments;
      }
    }
    fields_.complete.push_back(field);
  }

  const JsonIndex& index_;
  std::uint32_t root_;
  std::vector<bool> taken_;
  EventFields fields_;
};

}  // namespace

EventFields read_event(const JsonIndex& index, std::uint32_t root) {
  return EventReader(index, root).read();
}

}  // namespace customhouse::provider
