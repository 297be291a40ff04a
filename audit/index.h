// The secondary index: which records bear a term, such as "action is block". Pure: no storage here.
// Records are taken in blocks of 1,024; a row holds those of one block that bear one term, and is
// written together with the record that completes the block. Rows are no evidence: they can be made
// again from the records at any time (audit/FORMAT.md).
#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::audit {

inline constexpr std::uint64_t kIndexBlock = 1024;
using BlockBits = std::bitset<kIndexBlock>;

/// What can be asked for. `tag` is part of the stored key: never change one.
struct IndexField {
  char tag;
  std::string_view name;  // as in `audit list --name` and `audit facets`
  bool counted;           // a facet; not where nearly each record has its own value
};
std::span<const IndexField> index_fields();
/// nullptr: there is no such field.
const IndexField* index_field(std::string_view name);

/// A field and a value as one key: tag, length, value. Of a value over 128 bytes, its SHA-256.
std::string make_term(char tag, std::string_view value);
struct Term {
  char tag = 0;
  std::string_view value;  // or the digest of a long one
  bool digest = false;
};
/// The whole of `bytes` must be one term.
std::optional<Term> parse_term(std::string_view bytes);

/// Each term of a record once, sorted. `json` is canonical; of anything else the result is some
/// list of terms.
std::vector<std::string> terms_of(std::string_view json);

struct IndexRow {
  std::string key, value;
};
std::string posting_key(std::string_view term, std::uint64_t block);
struct PostingKey {
  std::string_view term;
  std::uint64_t block = 0;
};
std::optional<PostingKey> parse_posting_key(std::string_view key);
/// Offsets in two bytes each, ascending; or 128 bytes of bits where that is shorter.
std::string encode_posting(std::span<const std::uint16_t> offsets);
std::optional<BlockBits> decode_posting(std::string_view value);
/// Of the number of records that bear a term.
std::string counter_key(std::string_view term);
inline constexpr char kCounterTag = 0;  // first byte of such keys; of no term

/// Collects a block.
class IndexBlock {
 public:
  /// `seq` counts up by one from call to call; false until the block is complete.
  bool add(std::uint64_t seq, std::string_view json);
  /// Of the complete block, sorted by key. Counts go to `counts`, by term.
  std::vector<IndexRow> take(std::map<std::string, std::uint64_t>& counts);

 private:
  std::uint64_t block_ = 0;
  std::map<std::string, std::vector<std::uint16_t>> offsets_;
};

}  // namespace customhouse::audit
