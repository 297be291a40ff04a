#include "audit/search.h"

#include <algorithm>
#include <utility>

#include "audit/digest.h"

namespace customhouse::audit {

namespace {

constexpr std::string_view kTime = ",\"time\":\"";
constexpr std::size_t kTimeLength = 27;

std::uint64_t from_be64(std::string_view text) {
  std::uint64_t number = 0;
  for (const char c : text.substr(0, 8)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

/// "row rule=pack/email of records 1024 to 2047", for whoever reads a fault.
std::string row_name(std::string_view term, std::uint64_t block) {
  std::string name = "the index row ";
  if (const auto parsed = parse_term(term)) {
    for (const IndexField& field : index_fields())
      if (field.tag == parsed->tag) name += field.name;
    name += parsed->digest ? "=(a long value)" : "=" + std::string(parsed->value);
  }
  return name + " of records " + std::to_string(block * kIndexBlock) + " to " +
         std::to_string(block * kIndexBlock + kIndexBlock - 1);
}

/// The rows of one term.
class Postings {
 public:
  Postings(StoreView& view, std::string term)
      : term_(std::move(term)), cursor_(view.index_cursor()) {}

  std::uint64_t count() {
    const std::string key = counter_key(term_);
    cursor_->seek(key);
    return cursor_->valid() && cursor_->key() == key ? from_be64(cursor_->value()) : 0;
  }

  /// The first covered block at or behind `block` (before it, if not `forward`) with such a record.
  std::optional<std::uint64_t> move_to(std::uint64_t block, bool forward) {
    if (const auto here = at()) {
      if (*here == block) return here;
      // Most often it is the neighbour, which costs less than a seek.
      if (forward ? *here < block : *here > block) {
        forward ? cursor_->next() : cursor_->prev();
        const auto neighbour = at();
        if (!neighbour || (forward ? *neighbour >= block : *neighbour <= block)) return neighbour;
      }
    }
    if (forward) {
      cursor_->seek(posting_key(term_, block));
    } else {
      cursor_->seek_for_prev(posting_key(term_, block));
    }
    return at();
  }

  std::optional<BlockBits> bits() const { return decode_posting(cursor_->value()); }
  const std::string& term() const { return term_; }
  std::string error() const { return cursor_->error(); }

 private:
  std::optional<std::uint64_t> at() const {
    if (!cursor_->valid()) return std::nullopt;
    const std::string_view key = cursor_->key();
    if (key.size() != term_.size() + 8 || !key.starts_with(term_)) return std::nullopt;
    return from_be64(key.substr(term_.size()));
  }

  std::string term_;
  std::unique_ptr<IndexCursor> cursor_;
};

bool bears(std::string_view json, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return true;
  const auto terms = terms_of(json);
  return std::ranges::all_of(
      wanted, [&](const std::string& term) { return std::ranges::binary_search(terms, term); });
}

class Search {
 public:
  using Visit = std::function<bool(std::uint64_t, std::string_view)>;
  Search(StoreView& view, const Query& query, const Visit& visit)
      : view_(view), query_(query), visit_(visit) {}

  std::expected<void, std::string> run() {
    const auto indexed = view_.indexed_blocks();
    if (!indexed) return std::unexpected(indexed.error());
    indexed_ = *indexed;
    const std::uint64_t end = std::min(query_.end, view_.state().size);
    if (query_.begin >= end) return {};
    open_postings();
    const std::uint64_t first = query_.begin / kIndexBlock, last = (end - 1) / kIndexBlock;
    const bool forward = !query_.newest_first;
    auto block = candidate(forward ? first : last);
    while (error_.empty() && block && *block >= first && *block <= last) {
      const auto going = visit_block(*block, end);
      if (!going) return std::unexpected(going.error());
      if (!*going || (!forward && *block == 0)) return {};
      block = candidate(forward ? *block + 1 : *block - 1);
    }
    if (!error_.empty()) return std::unexpected(error_);
    return {};
  }

 private:
  void open_postings() {
    if (indexed_ == 0) return;
    std::vector<std::pair<std::uint64_t, Postings>> counted;
    for (const std::string& term : query_.terms) {
      Postings postings(view_, term);
      const std::uint64_t count = postings.count();
      counted.emplace_back(count, std::move(postings));
    }
    // The rarest first: it jumps furthest.
    std::ranges::sort(counted, {}, [](const auto& one) { return one.first; });
    for (auto& [count, postings] : counted) postings_.push_back(std::move(postings));
  }

  /// The next block, from `block` on, in which every term occurs; one that is not covered may.
  std::optional<std::uint64_t> candidate(std::uint64_t block) {
    const bool forward = !query_.newest_first;
    for (std::size_t agreed = 0; block < indexed_ && agreed < postings_.size();) {
      Postings& postings = postings_[agreed];
      const auto found = postings.move_to(block, forward);
      if (!postings.error().empty()) {
        error_ = postings.error();
        return std::nullopt;
      }
      if (!found) return forward ? std::optional(indexed_) : std::nullopt;
      agreed = *found == block ? agreed + 1 : 0;
      block = *found;
    }
    return block;
  }

  std::expected<bool, std::string> visit_block(std::uint64_t block, std::uint64_t end) {
    const std::uint64_t base = block * kIndexBlock;
    const std::uint64_t from = std::max(base, query_.begin);
    const std::uint64_t to = std::min(base + kIndexBlock, end);
    if (block >= indexed_ || postings_.empty()) return read_block(from, to);
    BlockBits bits;
    bits.set();
    for (const Postings& postings : postings_) {
      const auto some = postings.bits();
      if (!some)
        return std::unexpected(row_name(postings.term(), block) +
                               " is damaged; customhouse audit reindex makes the index anew");
      bits &= *some;
    }
    for (std::uint64_t i = 0; i < to - from; ++i) {
      const std::uint64_t seq = query_.newest_first ? to - 1 - i : from + i;
      if (!bits[seq - base]) continue;
      const auto record = view_.get(seq);
      if (!record) return std::unexpected(record.error());
      if (!*record) return std::unexpected("record " + std::to_string(seq) + " is missing");
      if (!visit_(seq, **record)) return false;
    }
    return true;
  }

  std::expected<bool, std::string> read_block(std::uint64_t from, std::uint64_t to) {
    std::vector<std::pair<std::uint64_t, std::string>> found;
    bool going = true;
    const auto read = view_.for_each(from, to, [&](std::uint64_t seq, std::string_view json) {
      if (!bears(json, query_.terms)) return true;
      if (!query_.newest_first) return going = visit_(seq, json);
      found.emplace_back(seq, json);
      return true;
    });
    if (!read) return std::unexpected(read.error());
    for (auto at = found.rbegin(); going && at != found.rend(); ++at)
      going = visit_(at->first, at->second);
    return going;
  }

  StoreView& view_;
  const Query& query_;
  const Visit& visit_;
  std::uint64_t indexed_ = 0;
  std::vector<Postings> postings_;
  std::string error_;
};

}  // namespace

std::expected<void, std::string> search(
    StoreView& view, const Query& query,
    const std::function<bool(std::uint64_t seq, std::string_view json)>& visit) {
  return Search(view, query, visit).run();
}

std::expected<std::uint64_t, std::string> first_since(StoreView& view, std::string_view time) {
  std::uint64_t low = 0, high = view.state().size;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto record = view.get(middle);
    if (!record) return std::unexpected(record.error());
    if (!*record) return std::unexpected("record " + std::to_string(middle) + " is missing");
    const std::string_view json = **record;
    const std::size_t at = json.rfind(kTime);
    if (at == std::string_view::npos)
      return std::unexpected("record " + std::to_string(middle) + " bears no time");
    if (json.substr(at + kTime.size(), kTimeLength) < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::expected<std::vector<FacetCount>, std::string> facet_counts(StoreView& view,
                                                                 const IndexField& field) {
  const auto indexed = view.indexed_blocks();
  if (!indexed) return std::unexpected(indexed.error());
  std::map<std::string, std::uint64_t> counts;
  if (*indexed != 0) {
    const std::string prefix = counter_key(std::string(1, field.tag));
    const auto cursor = view.index_cursor();
    for (cursor->seek(prefix); cursor->valid() && cursor->key().starts_with(prefix); cursor->next())
      counts[std::string(cursor->key().substr(1))] = from_be64(cursor->value());
    if (!cursor->error().empty()) return std::unexpected(cursor->error());
  }
  const auto read = view.for_each(*indexed * kIndexBlock, view.state().size,
                                  [&](std::uint64_t, std::string_view json) {
                                    for (const auto& term : terms_of(json))
                                      if (term[0] == field.tag) ++counts[term];
                                    return true;
                                  });
  if (!read) return std::unexpected(read.error());
  std::vector<FacetCount> facets;
  for (const auto& [bytes, count] : counts) {
    const auto term = parse_term(bytes);
    if (!term) return std::unexpected("a counter of the index is damaged");
    std::string value(term->value);
    if (term->digest) {
      Hash digest;
      std::ranges::copy(value, digest.begin());
      value = "sha256:" + to_hex(digest);
    }
    facets.push_back({std::move(value), count});
  }
  std::ranges::sort(facets, [](const FacetCount& a, const FacetCount& b) {
    return a.count != b.count ? a.count > b.count : a.value < b.value;
  });
  return facets;
}

IndexCheck::IndexCheck(StoreView& view) {
  const auto indexed = view.indexed_blocks();
  if (!indexed) {
    fault_ = indexed.error();
    return;
  }
  indexed_ = *indexed;
  if (indexed_ != 0) cursor_ = view.index_cursor();
}

void IndexCheck::add(std::uint64_t seq, std::string_view json) {
  if (!fault_.empty() || seq / kIndexBlock >= indexed_) return;
  if (!block_.add(seq, json)) return;
  const auto rows = block_.take(counts_);
  rows_.push_back(static_cast<std::uint32_t>(rows.size()));
  for (const IndexRow& row : rows) {
    cursor_->seek(row.key);
    const bool there = cursor_->valid() && cursor_->key() == row.key;
    if (there && cursor_->value() == row.value) continue;
    const auto key = parse_posting_key(row.key);
    fault_ = row_name(key->term, key->block) + (there ? " is wrong" : " is missing");
    return;
  }
}

std::string IndexCheck::finish() {
  if (fault_.empty() && rows_.size() < indexed_)
    fault_ = "the index covers records that the ledger does not have";
  if (fault_.empty() && cursor_) fault_ = check_strays();
  return fault_;
}

/// Each row that should be there is; now that there is no other, and that the counters are right.
std::string IndexCheck::check_strays() {
  std::vector<std::uint32_t> found(rows_.size());
  for (cursor_->seek(""); cursor_->valid(); cursor_->next()) {
    const std::string_view key = cursor_->key();
    if (!key.empty() && key[0] == kCounterTag) {
      const auto count = counts_.find(std::string(key.substr(1)));
      if (count == counts_.end() || cursor_->value().size() != 8 ||
          from_be64(cursor_->value()) != count->second)
        return "a counter of the index is wrong";
      counts_.erase(count);
      continue;
    }
    const auto posting = parse_posting_key(key);
    if (!posting || posting->block >= rows_.size()) return "the index has a row that is none";
    if (++found[posting->block] > rows_[posting->block])
      return "the index has a row too many for records " +
             std::to_string(posting->block * kIndexBlock) + " to " +
             std::to_string(posting->block * kIndexBlock + kIndexBlock - 1);
  }
  if (!cursor_->error().empty()) return cursor_->error();
  return counts_.empty() ? "" : "a counter of the index is missing";
}

}  // namespace customhouse::audit
