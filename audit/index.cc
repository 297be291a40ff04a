#include "audit/index.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "audit/digest.h"

namespace customhouse::audit {

namespace {

constexpr std::array<IndexField, 12> kFields{{{'a', "actor", true},
                                              {'d', "action", true},
                                              {'e', "exchange", false},
                                              {'h', "host", true},
                                              {'j', "jurisdiction", true},
                                              {'k', "kind", true},
                                              {'m', "model", true},
                                              {'o', "outcome", true},
                                              {'p', "provider", true},
                                              {'r', "rule", true},
                                              {'t', "type", true},
                                              {'u', "application", true}}};

constexpr std::size_t kMaxValueBytes = 128;
constexpr char kDigestLength = '\xFF';

/// Where a term stands in a record: in a member of the record, or of an object or list in it.
struct Place {
  std::string_view top, leaf;
  char tag;
};
constexpr std::array<Place, 13> kPlaces{{{"actor", "actor", 'a'},
                                         {"application", "application", 'u'},
                                         {"exchange", "exchange", 'e'},
                                         {"kind", "kind", 'k'},
                                         {"outcome", "outcome", 'o'},
                                         {"decision", "action", 'd'},
                                         {"decision", "rules", 'r'},
                                         {"destination", "host", 'h'},
                                         {"destination", "jurisdiction", 'j'},
                                         {"destination", "model", 'm'},
                                         {"destination", "provider", 'p'},
                                         {"findings", "rule", 'r'},
                                         {"findings", "type", 't'}}};

/// Reads canonical JSON in one pass, strings and brackets only: a parser that builds the whole
/// record costs the commit thread ten times as much.
class TermReader {
 public:
  explicit TermReader(std::string_view json) : json_(json) {}

  std::vector<std::string> read() {
    for (; at_ < json_.size(); ++at_) {
      const char c = json_[at_];
      if (c == '"') {
        take_string();
      } else if (c == '{') {
        ++depth_;
      } else if (c == '}') {
        --depth_;
      }
    }
    std::ranges::sort(terms_);
    terms_.erase(std::ranges::unique(terms_).begin(), terms_.end());
    return std::move(terms_);
  }

 private:
  void take_string() {
    const std::size_t begin = at_ + 1;
    std::size_t end = begin;
    while (end < json_.size() && json_[end] != '"') end += json_[end] == '\\' ? 2 : 1;
    end = std::min(end, json_.size());
    const std::string_view text = json_.substr(begin, end - begin);
    at_ = end;
    if (end + 1 < json_.size() && json_[end + 1] == ':') {
      if (depth_ == 1) top_ = text;
      leaf_ = text;
    } else if (!text.empty()) {
      take_value(text);
    }
  }

  void take_value(std::string_view text) {
    const auto place = std::ranges::find_if(
        kPlaces, [&](const Place& one) { return one.leaf == leaf_ && one.top == top_; });
    if (place == kPlaces.end()) return;
    if (text.find('\\') == std::string_view::npos) {
      terms_.push_back(make_term(place->tag, text));
      return;
    }
    const auto unescaped =
        nlohmann::json::parse('"' + std::string(text) + '"', nullptr, /*allow_exceptions=*/false);
    if (unescaped.is_string())
      terms_.push_back(make_term(place->tag, unescaped.get_ref<const std::string&>()));
  }

  std::string_view json_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string_view top_, leaf_;
  std::vector<std::string> terms_;
};

void append_be(std::string& out, std::uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i));
}

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

}  // namespace

std::span<const IndexField> index_fields() {
  return kFields;
}

const IndexField* index_field(std::string_view name) {
  const auto field = std::ranges::find(kFields, name, &IndexField::name);
  return field == kFields.end() ? nullptr : &*field;
}

std::string make_term(char tag, std::string_view value) {
  std::string term(1, tag);
  if (value.size() > kMaxValueBytes) {
    const Hash digest = sha256({value});
    term += kDigestLength;
    term.append(reinterpret_cast<const char*>(digest.data()), digest.size());
    return term;
  }
  term += static_cast<char>(value.size());
  term += value;
  return term;
}

std::optional<Term> parse_term(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const bool known = std::ranges::find(kFields, bytes[0], &IndexField::tag) != kFields.end();
  const bool digest = bytes[1] == kDigestLength;
  const std::size_t length = digest ? sizeof(Hash) : byte_at(bytes, 1);
  if (!known || bytes.size() != 2 + length || (!digest && length > kMaxValueBytes))
    return std::nullopt;
  return Term{bytes[0], bytes.substr(2), digest};
}

std::vector<std::string> terms_of(std::string_view json) {
  return TermReader(json).read();
}

std::string posting_key(std::string_view term, std::uint64_t block) {
  std::string key(term);
  append_be(key, block, 8);
  return key;
}

std::optional<PostingKey> parse_posting_key(std::string_view key) {
  if (key.size() < 8) return std::nullopt;
  PostingKey posting{key.substr(0, key.size() - 8), 0};
  if (!parse_term(posting.term)) return std::nullopt;
  for (std::size_t i = key.size() - 8; i < key.size(); ++i)
    posting.block = posting.block << 8 | byte_at(key, i);
  return posting;
}

std::string encode_posting(std::span<const std::uint16_t> offsets) {
  std::string value;
  if (offsets.size() * 2 < kIndexBlock / 8) {
    for (const std::uint16_t offset : offsets) append_be(value, offset, 2);
    return value;
  }
  value.assign(kIndexBlock / 8, '\0');
  for (const std::uint16_t offset : offsets) {
    char& byte = value[offset / 8];
    byte = static_cast<char>(byte | 1 << offset % 8);
  }
  return value;
}

std::optional<BlockBits> decode_posting(std::string_view value) {
  BlockBits bits;
  if (value.size() == kIndexBlock / 8) {
    for (std::size_t i = 0; i < kIndexBlock; ++i)
      bits[i] = (byte_at(value, i / 8) >> i % 8 & 1) != 0;
    return bits;
  }
  if (value.empty() || value.size() % 2 != 0 || value.size() > kIndexBlock / 8) return std::nullopt;
  std::size_t next = 0;
  for (std::size_t i = 0; i < value.size(); i += 2) {
    const std::size_t offset = byte_at(value, i) << 8 | byte_at(value, i + 1);
    if (offset < next || offset >= kIndexBlock) return std::nullopt;
    bits.set(offset);
    next = offset + 1;
  }
  return bits;
}

std::string counter_key(std::string_view term) {
  return std::string(1, kCounterTag) + std::string(term);
}

bool IndexBlock::add(std::uint64_t seq, std::string_view json) {
  block_ = seq / kIndexBlock;
  const auto offset = static_cast<std::uint16_t>(seq % kIndexBlock);
  for (auto& term : terms_of(json)) offsets_[std::move(term)].push_back(offset);
  return offset + 1 == kIndexBlock;
}

std::vector<IndexRow> IndexBlock::take(std::map<std::string, std::uint64_t>& counts) {
  std::vector<IndexRow> rows;
  rows.reserve(offsets_.size());
  for (const auto& [term, offsets] : offsets_) {
    rows.push_back({posting_key(term, block_), encode_posting(offsets)});
    const auto field = std::ranges::find(kFields, term[0], &IndexField::tag);
    if (field->counted) counts[term] += offsets.size();
  }
  offsets_.clear();
  return rows;
}

}  // namespace customhouse::audit
