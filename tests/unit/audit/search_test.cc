// Finding records: the index says what reading every record says, in every order and state.
#include "audit/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "audit/record.h"
#include "audit/rocksdb_store.h"

namespace customhouse::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Record make_record(std::uint64_t seq) {
  std::mt19937_64 random(seq);
  Record record;
  record.seq = seq;
  record.time_us = 1'700'000'000'000'000 + seq * 1'000'000;
  record.kind = seq % 7 == 0 ? "completion" : "decision";
  record.exchange = "exchange-" + std::to_string(seq / 2);
  record.actor = "actor_" + std::to_string(random() % 300);
  record.destination = {"openai", "api.openai.com", seq % 2 == 0 ? "gpt-5" : "o\"4", "US"};
  // Rare, and never together with the other rare one.
  record.action = seq % 900 == 5 ? "block" : "allow";
  if (seq % 1000 == 17) record.rules = {"rare", "rare"};
  if (random() % 3 == 0) record.findings = {{"PERSON", "pack/person", "/a", 1}};
  return record;
}

class SearchTest : public ::testing::Test {
 protected:
  SearchTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "customhouse-search-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~SearchTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Store> open(const IndexOptions& index = {}) {
    auto store = open_rocksdb_store(folder_, Durability::Os, index);
    if (!store) throw std::runtime_error(store.error());
    return std::move(*store);
  }
  /// In writes of uneven length, so that blocks end within them.
  static void fill(Store& store, std::uint64_t count) {
    for (std::uint64_t left = count; left > 0;) {
      std::vector<std::string> records;
      LogState after = store.state();
      for (std::uint64_t i = 0; i < std::min<std::uint64_t>(left, 237); ++i)
        records.push_back(to_canonical_json(make_record(after.size++)));
      left -= records.size();
      ASSERT_TRUE(store.append(records, {}, after));
    }
  }
  static std::vector<std::uint64_t> find(StoreView& view, const Query& query) {
    std::vector<std::uint64_t> found;
    const auto read = search(view, query, [&](std::uint64_t seq, std::string_view) {
      found.push_back(seq);
      return true;
    });
    if (!read) throw std::runtime_error(read.error());
    return found;
  }
  static std::vector<std::uint64_t> read_through(StoreView& view, const Query& query) {
    std::vector<std::uint64_t> found;
    const auto read =
        view.for_each(query.begin, std::min(query.end, view.state().size),
                      [&](std::uint64_t seq, std::string_view json) {
                        const auto terms = terms_of(json);
                        if (std::ranges::all_of(query.terms, [&](const std::string& term) {
                              return std::ranges::find(terms, term) != terms.end();
                            }))
                          found.push_back(seq);
                        return true;
                      });
    if (!read) throw std::runtime_error(read.error());
    if (query.newest_first) std::ranges::reverse(found);
    return found;
  }
  static std::string check(StoreView& view) {
    IndexCheck check(view);
    const auto read = view.for_each(0, view.state().size, [&](std::uint64_t seq, auto json) {
      check.add(seq, json);
      return true;
    });
    if (!read) return read.error();
    return check.finish();
  }
  /// Does something to the index behind the ledger's back.
  void tamper(const std::function<void(rocksdb::DB&, rocksdb::ColumnFamilyHandle*)>& work,
              const std::string& family = "ix") {
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, folder_, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, folder_, families, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    for (auto* handle : handles)
      if (handle->GetName() == family) work(*db, handle);
    for (auto* handle : handles) ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  }

  std::string folder_;
};

TEST_F(SearchTest, EveryCombinationFindsWhatReadingEveryRecordFinds) {
  auto store = open();
  fill(*store, 5000);
  EXPECT_EQ(store->indexed_blocks(), 4u);
  const std::vector<std::string> terms = {
      make_term('k', "completion"), make_term('a', "actor_17"),      make_term('d', "block"),
      make_term('r', "rare"),       make_term('r', "pack/person"),   make_term('t', "PERSON"),
      make_term('m', "o\"4"),       make_term('e', "exchange-2200"), make_term('j', "US"),
      make_term('h', "nowhere")};
  std::mt19937_64 random(1);
  for (int i = 0; i < 400; ++i) {
    Query query;
    for (std::uint64_t n = random() % 4; n > 0; --n)
      query.terms.push_back(terms[random() % terms.size()]);
    query.begin = random() % 2 == 0 ? 0 : random() % 5200;
    query.end = random() % 2 == 0 ? UINT64_MAX : random() % 5200;
    query.newest_first = random() % 2 == 0;
    ASSERT_EQ(find(*store, query), read_through(*store, query)) << i;
  }
}

TEST_F(SearchTest, StopsWhenToldAndGoesOnFromThere) {
  auto store = open();
  fill(*store, 3000);
  Query query{{make_term('t', "PERSON")}, 0, UINT64_MAX, true};
  const auto all = find(*store, query);
  std::vector<std::uint64_t> paged;
  for (std::size_t before = 1; before != paged.size();) {
    before = paged.size();
    std::size_t left = 100;
    ASSERT_TRUE(search(*store, query, [&](std::uint64_t seq, std::string_view) {
      paged.push_back(query.end = seq);
      return --left != 0;
    }));
  }
  EXPECT_EQ(paged, all);
}

TEST_F(SearchTest, IndexIsCompleteAfterReopeningInAnyPlace) {
  for (const std::uint64_t more : {1000u, 23u, 1u, 1024u, 500u, 3000u}) {
    auto store = open();
    fill(*store, more);
    EXPECT_EQ(store->indexed_blocks(), store->state().size / kIndexBlock);
    EXPECT_EQ(check(*store), "");
  }
}

TEST_F(SearchTest, LedgerOfTheFormatBeforeIsReadAndThenIndexed) {
  fill(*open(), 3000);
  tamper([](rocksdb::DB& db, auto* family) { ASSERT_TRUE(db.DropColumnFamily(family).ok()); });
  tamper(
      [](rocksdb::DB& db, auto* family) {
        ASSERT_TRUE(db.Delete({}, family, "indexed").ok());
        ASSERT_TRUE(db.Put({}, family, "format", "2").ok());
      },
      "meta");
  const Query query{{make_term('d', "block")}};
  {
    auto reader = open_rocksdb_reader(folder_);
    ASSERT_TRUE(reader) << reader.error();
    EXPECT_EQ((*reader)->indexed_blocks(), 0u);
    EXPECT_THAT(find(**reader, query), ElementsAre(5, 905, 1805, 2705));
  }
  std::uint64_t told = 0;
  auto store = open({.progress = [&](std::uint64_t done, std::uint64_t) { told = done; }});
  EXPECT_EQ(told, 2048u);
  EXPECT_EQ(store->indexed_blocks(), 2u);
  EXPECT_EQ(check(*store), "");
  EXPECT_THAT(find(*store, query), ElementsAre(5, 905, 1805, 2705));
}

TEST_F(SearchTest, DamagedIndexIsNamedAndMadeAnew) {
  fill(*open(), 3000);
  const std::string key = posting_key(make_term('d', "block"), 1);
  const struct {
    std::function<void(rocksdb::DB&, rocksdb::ColumnFamilyHandle*)> work;
    const char* named;
  } cases[] = {
      {[&](auto& db, auto* ix) { ASSERT_TRUE(db.Delete({}, ix, key).ok()); },
       "the index row action=block of records 1024 to 2047 is missing"},
      {[&](auto& db, auto* ix) { ASSERT_TRUE(db.Put({}, ix, key, std::string("\0\1", 2)).ok()); },
       "the index row action=block of records 1024 to 2047 is wrong"},
      {[&](auto& db, auto* ix) {
         ASSERT_TRUE(
             db.Put({}, ix, posting_key(make_term('d', "divert"), 1), std::string("\0\1", 2)).ok());
       },
       "a row too many for records 1024 to 2047"},
      {[&](auto& db, auto* ix) {
         ASSERT_TRUE(
             db.Put({}, ix, counter_key(make_term('d', "block")), std::string(8, '\1')).ok());
       },
       "a counter of the index is wrong"}};
  for (const auto& one : cases) {
    tamper(one.work);
    EXPECT_THAT(check(*open()), HasSubstr(one.named));
    EXPECT_EQ(check(*open({.anew = true})), "");
  }
}

TEST_F(SearchTest, FacetsCountIndexedAndNewestRecords) {
  auto store = open();
  fill(*store, 2500);
  const auto counts = facet_counts(*store, *index_field("action"));
  ASSERT_TRUE(counts) << counts.error();
  ASSERT_EQ(counts->size(), 2u);
  EXPECT_EQ((*counts)[0].value, "allow");
  EXPECT_EQ((*counts)[0].count, 2497u);
  EXPECT_EQ((*counts)[1].value, "block");
  EXPECT_EQ((*counts)[1].count, 3u);
  const auto rules = facet_counts(*store, *index_field("rule"));
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->back().value, "rare");
  EXPECT_EQ(rules->back().count, 3u);  // once a record, though it stands there twice
}

TEST_F(SearchTest, TimeIsFoundByHalving) {
  auto store = open();
  EXPECT_EQ(first_since(*store, "2026"), 0u);
  fill(*store, 1500);
  EXPECT_EQ(first_since(*store, "2020"), 0u);
  EXPECT_EQ(first_since(*store, "2026"), 1500u);
  EXPECT_EQ(first_since(*store, format_time(1'700'000'000'000'000 + 700'000'000)), 700u);
  EXPECT_EQ(first_since(*store, format_time(1'700'000'000'000'000 + 700'000'001)), 701u);
}

TEST(Index, TermsOfARecordAreThoseOfItsMembersOnly) {
  Record record = make_record(1);
  record.findings = {{"PERSON", "pack/\n", "\"kind\":\"gap\"", 1}};
  record.rules = {"a", ""};
  record.destination.host = std::string(300, 'h');
  record.coverage = Coverage{1, 2, 3, {{"action", 4}}};
  const std::string json = to_canonical_json(record);
  std::set<std::string> expected = {make_term('a', record.actor),
                                    make_term('d', "allow"),
                                    make_term('e', "exchange-0"),
                                    make_term('j', "US"),
                                    make_term('h', record.destination.host),
                                    make_term('k', "decision"),
                                    make_term('m', "o\"4"),
                                    make_term('p', "openai"),
                                    make_term('r', "a"),
                                    make_term('r', "pack/\n"),
                                    make_term('t', "PERSON")};
  EXPECT_EQ(terms_of(json), std::vector(expected.begin(), expected.end()));
  EXPECT_EQ(make_term('h', std::string(300, 'h')).size(), 34u);
}

TEST(Index, PostingsOfAnyDensityComeBack) {
  std::mt19937_64 random(3);
  for (const std::size_t count : {1u, 2u, 63u, 64u, 65u, 500u, 1024u}) {
    std::set<std::uint16_t> offsets;
    while (offsets.size() < count) offsets.insert(static_cast<std::uint16_t>(random() % 1024));
    const std::vector<std::uint16_t> list(offsets.begin(), offsets.end());
    const std::string value = encode_posting(list);
    EXPECT_LE(value.size(), 128u);
    const auto bits = decode_posting(value);
    ASSERT_TRUE(bits);
    EXPECT_EQ(bits->count(), count);
    for (const auto offset : list) EXPECT_TRUE(bits->test(offset));
  }
  EXPECT_FALSE(decode_posting(""));
  EXPECT_FALSE(decode_posting("abc"));
  EXPECT_FALSE(decode_posting(std::string("\0\2\0\1", 4)));  // not ascending
  EXPECT_FALSE(decode_posting("\xFF\xFF"));                  // beyond the block
}

}  // namespace
}  // namespace customhouse::audit
