#include "audit/reader.h"

#include "audit/rocksdb_store.h"

namespace customhouse::audit {

struct Reader::Implementation {
  std::unique_ptr<StoreReader> store;
};

Reader::Reader(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

std::expected<Reader, std::string> Reader::open(const std::string& directory) {
  auto store = open_rocksdb_reader(directory);
  if (!store) return std::unexpected(store.error());
  auto implementation = std::make_unique<Implementation>();
  implementation->store = std::move(*store);
  return Reader(std::move(implementation));
}

std::expected<std::optional<std::string>, std::string> Reader::get(std::uint64_t seq) {
  return implementation_->store->get(seq);
}

std::uint64_t Reader::size() const noexcept {
  return implementation_->store->state().size;
}

std::expected<void, std::string> Reader::for_each(
    std::uint64_t begin, std::uint64_t end,
    const std::function<bool(std::uint64_t seq, std::string_view json)>& visit) {
  return implementation_->store->for_each(begin, end, visit);
}

StoreView& Reader::view() noexcept {
  return *implementation_->store;
}

std::expected<void, std::string> Reader::refresh() {
  return implementation_->store->refresh();
}

}  // namespace customhouse::audit
