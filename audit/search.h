// Finding records through the index; what it does not cover yet is read.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/index.h"
#include "audit/store.h"

namespace customhouse::audit {

struct Query {
  std::vector<std::string> terms;  // make_term(); a record must bear them all
  std::uint64_t begin = 0, end = UINT64_MAX;
  bool newest_first = false;
};

/// Visits what matches until `visit` returns false. Costs at most a row of each term per block of
/// records, and the records visited.
std::expected<void, std::string> search(
    StoreView& view, const Query& query,
    const std::function<bool(std::uint64_t seq, std::string_view json)>& visit);

/// The first record that is not older than `time` ("2026-11-23", or more of RFC 3339 in UTC).
/// Times rise along the log, so that it needs no index.
std::expected<std::uint64_t, std::string> first_since(StoreView& view, std::string_view time);

struct FacetCount {
  std::string value;  // "sha256:…" of one over 128 bytes
  std::uint64_t count = 0;
};
/// How many records bear each value of a field, the most frequent first. From counters, but for
/// the newest records.
std::expected<std::vector<FacetCount>, std::string> facet_counts(StoreView& view,
                                                                 const IndexField& field);

/// Compares the index with one made anew from the records: add() each of them in order, then
/// finish(). Errors name the first row that is wrong. Use one view, not refreshed in between.
class IndexCheck {
 public:
  explicit IndexCheck(StoreView& view);
  void add(std::uint64_t seq, std::string_view json);
  /// "": the index is right.
  std::string finish();

 private:
  std::string check_strays();
  std::uint64_t indexed_ = 0;  // blocks
  std::unique_ptr<IndexCursor> cursor_;
  IndexBlock block_;
  std::map<std::string, std::uint64_t> counts_;
  std::vector<std::uint32_t> rows_;  // per block
  std::string fault_;
};

}  // namespace customhouse::audit
