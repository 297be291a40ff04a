// HTTP messages as values, whatever HTTP version carried them (RFC 9110).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::proto {

struct HeaderField {
  std::string name;  // as received: case is kept, comparison ignores it
  std::string value;
};

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// Header fields in the order they arrived. Names compare without case (RFC 9110 §5.1).
class HeaderList {
 public:
  void add(std::string name, std::string value);
  /// Replaces every field of that name by one, at the place of the first; adds it if there is none.
  void set(std::string_view name, std::string value);
  /// Returns how many fields went.
  std::size_t remove(std::string_view name);
  /// Removes every field for which `gone(field)` holds, in one pass. Returns how many went.
  template <typename Predicate>
  std::size_t remove_if(Predicate gone) {
    return std::erase_if(fields_, gone);
  }
  void reserve(std::size_t fields) { fields_.reserve(fields); }
  /// First field of that name, or nullptr. The pointer lives until the list changes.
  const std::string* find(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
  /// True if a comma-separated field of that name contains `token` (without case).
  bool has_token(std::string_view name, std::string_view token) const noexcept;

  const std::vector<HeaderField>& fields() const noexcept { return fields_; }
  std::size_t size() const noexcept { return fields_.size(); }

 private:
  std::vector<HeaderField> fields_;
};

struct RequestHead {
  std::string method;
  std::string target;     // as on the request line: origin-form, absolute-form or authority-form
  int minor_version = 1;  // HTTP/1.x; an HTTP/2 codec sets 1
  HeaderList headers;
};

struct ResponseHead {
  int status = 0;
  std::string reason;
  int minor_version = 1;
  HeaderList headers;
};

}  // namespace customhouse::proto
