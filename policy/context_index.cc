#include "policy/context_index.h"

#include <algorithm>

#include "policy/text.h"

namespace customhouse::policy {
namespace {

/// A whole word, or the part of a camelCase or snake_case name.
bool is_word(std::string_view text, std::size_t begin, std::size_t end) noexcept {
  const bool camel = begin > 0 && is_lower(text[begin - 1]) && is_upper(text[begin]);
  if (begin > 0 && is_alpha(text[begin - 1]) && is_alpha(text[begin]) && !camel) return false;
  if (end < text.size() && text[end] == 's') ++end;
  return end >= text.size() || !is_lower(text[end]) || !is_alpha(text[end - 1]);
}

}  // namespace

void ContextIndex::start(const LiteralSet& words, std::string_view text) {
  words_ = &words;
  text_ = text;
  blocks_.clear();
  hits_.clear();
}

void ContextIndex::fill(std::size_t index) {
  if (blocks_.empty()) blocks_.resize(text_.size() / kBlock + 1);
  Block& block = blocks_[index];
  if (block.filled) return;
  block.filled = true;
  block.begin = static_cast<std::uint32_t>(hits_.size());
  const std::size_t begin = index * kBlock;
  const std::size_t past = std::min(text_.size(), begin + kBlock);  // words begin before it
  const std::size_t end = std::min(text_.size(), past + words_->longest());
  words_->for_each(text_.substr(begin, end - begin),
                   [&](std::size_t from, std::size_t to, std::uint32_t word) {
                     if (begin + from >= past) return false;
                     if (is_word(text_, begin + from, begin + to)) {
                       hits_.push_back({begin + from, begin + to, word});
                     }
                     return true;
                   });
  block.end = static_cast<std::uint32_t>(hits_.size());
}

std::span<const ContextHit> ContextIndex::within(std::size_t from, std::size_t to) {
  joined_.clear();
  to = std::min(to, text_.size());
  if (words_ == nullptr || words_->empty() || from >= to) return {};
  for (std::size_t index = from / kBlock; index <= (to - 1) / kBlock; ++index) {
    fill(index);
    for (std::uint32_t i = blocks_[index].begin; i < blocks_[index].end; ++i) {
      const ContextHit& hit = hits_[i];
      if (hit.begin >= from && hit.end <= to) joined_.push_back(hit);
    }
  }
  return joined_;
}

}  // namespace customhouse::policy
