// Reading the ledger, beside a running gateway or without one. Writes nothing into it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace customhouse::audit {

class StoreView;

class Reader {
 public:
  static std::expected<Reader, std::string> open(const std::string& directory);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  /// Canonical JSON of one record; nullopt if there is no such seq.
  std::expected<std::optional<std::string>, std::string> get(std::uint64_t seq);
  /// Number of records, also the next seq (the first is 0).
  std::uint64_t size() const noexcept;
  /// Records with begin <= seq < end, ascending; stops when `visit` returns false. A gap in seq is
  /// an error.
  std::expected<void, std::string> for_each(
      std::uint64_t begin, std::uint64_t end,
      const std::function<bool(std::uint64_t seq, std::string_view json)>& visit);
  /// For searches (audit/search.h); changes with refresh().
  StoreView& view() noexcept;
  /// Sees what was committed since open() or the last call (for --follow).
  std::expected<void, std::string> refresh();

 private:
  struct Implementation;
  explicit Reader(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace customhouse::audit
