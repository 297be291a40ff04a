#include "gateway/provider/body_tree.h"

#include <algorithm>
#include <stdexcept>

#include "gateway/provider/encoded_content.h"
#include "gateway/provider/json_text.h"
#include "policy/edit.h"

namespace customhouse::provider {

namespace {

using Edits = std::vector<policy::Edit>;

std::string_view between(std::string_view text, std::size_t begin, std::size_t end) {
  return text.substr(begin, end - begin);
}

void shift(Edits& edits, std::size_t by) {
  for (policy::Edit& edit : edits) {
    edit.begin += by;
    edit.end += by;
  }
}

void append(Edits& to, Edits from) {
  if (to.empty()) {
    to = std::move(from);
    return;
  }
  std::ranges::move(from, std::back_inserter(to));
}

/// A span's edits as edits of the text it stands in.
Edits lift(const SpanPlace& place, std::string_view outer, std::string_view span_text,
           Edits edits) {
  switch (place.kind) {
    case SpanPlace::Kind::Range:
      shift(edits, place.begin);
      return edits;
    case SpanPlace::Kind::JsonString:
      return edits_in_raw(between(outer, place.begin, place.end), edits, place.begin);
    case SpanPlace::Kind::JsonNumber:
      break;
  }
  std::string quoted = "\"";
  append_json_escaped(quoted, policy::apply_edits(span_text, edits));
  quoted += '"';
  return {{place.begin, place.end, std::move(quoted)}};
}

/// A nested text's edits as edits of its parent's text.
Edits lift(const NestedText& nested, std::string_view outer, Edits edits) {
  if (nested.base64) {
    const std::string edited = policy::apply_edits(nested.text, edits);
    edits = {{nested.base64_begin, nested.base64_end,
              encode_base64(edited, nested.url_alphabet, nested.padded)}};
  }
  if (nested.place == NestedText::Place::JsonString) {
    return edits_in_raw(between(outer, nested.begin, nested.end), edits, nested.begin);
  }
  shift(edits, nested.begin);
  return edits;
}

}  // namespace

std::string BodyTree::apply(std::span<const SpanPlace> places,
                            std::span<const policy::TextSpan> spans,
                            std::span<const policy::Replacement> replacements) const {
  std::vector<Edits> edits(texts_.size());
  for (std::size_t i = 0; i < replacements.size();) {
    const std::size_t span = replacements[i].span;
    if (span >= places.size())
      throw std::logic_error("a replacement in a span that does not exist");
    Edits of_span;
    of_span.reserve(replacements.size() - i);
    for (; i < replacements.size() && replacements[i].span == span; ++i) {
      if (replacements[i].end > spans[span].text.size())
        throw std::logic_error("a replacement outside its span");
      of_span.push_back({replacements[i].begin, replacements[i].end, replacements[i].text});
    }
    const SpanPlace& place = places[span];
    append(edits[place.text],
           lift(place, texts_[place.text].text, spans[span].text, std::move(of_span)));
  }
  // Inner texts have higher numbers than those they stand in.
  for (std::size_t i = texts_.size() - 1; i > 0; --i) {
    if (edits[i].empty()) continue;
    std::ranges::sort(edits[i], {}, &policy::Edit::begin);
    append(edits[texts_[i].parent],
           lift(texts_[i], texts_[texts_[i].parent].text, std::move(edits[i])));
  }
  std::ranges::sort(edits[0], {}, &policy::Edit::begin);
  return policy::apply_edits(texts_[0].text, edits[0]);
}

}  // namespace customhouse::provider
