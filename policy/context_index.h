// Where the context words of all detectors stand in one text. Filled only as far round as somebody
// asks, each byte at most once: text without candidates costs nothing, however many words there
// are.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/literal_set.h"

namespace customhouse::policy {

struct ContextHit {
  std::size_t begin = 0, end = 0;
  std::uint32_t word = 0;
};

class ContextIndex {
 public:
  void start(const LiteralSet& words, std::string_view text);

  /// Whole words that begin and end in [from, to), by ascending begin.
  std::span<const ContextHit> within(std::size_t from, std::size_t to);

 private:
  static constexpr std::size_t kBlock = 512;
  struct Block {
    std::uint32_t begin = 0, end = 0;  // in hits_
    bool filled = false;
  };
  void fill(std::size_t block);

  const LiteralSet* words_ = nullptr;
  std::string_view text_;
  std::vector<Block> blocks_;
  std::vector<ContextHit> hits_;  // by block, in the order in which blocks were asked for
  std::vector<ContextHit> joined_;
};

}  // namespace customhouse::policy
