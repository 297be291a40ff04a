#include "audit/checkpoint_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace customhouse::audit {

namespace {

constexpr std::size_t kReadSize = 1u << 20;
constexpr std::size_t kLongestNote = 64 * 1024;  // of ours; with what witnesses may add
constexpr std::string_view kGap = "\n\n";
constexpr std::string_view kSignatureMark = "\xE2\x80\x94 ";  // U+2014 and a space

std::string fault(const std::string& path, const char* what) {
  return path + ": cannot be " + what + ": " + std::strerror(errno);
}

/// Visits the whole notes (text, empty line, signatures, empty line) at the front of `text` and
/// returns how many bytes they took. A text without signatures was cut off and is passed over.
std::size_t take_notes(std::string_view text, const std::function<void(std::string_view)>& visit) {
  std::size_t begin = 0;
  for (;;) {
    while (begin < text.size() && text[begin] == '\n') ++begin;
    const std::size_t middle = text.find(kGap, begin);
    if (middle == std::string_view::npos) return begin;
    const std::string_view behind = text.substr(middle + kGap.size());
    if (!behind.starts_with(kSignatureMark)) {
      if (behind.size() < kSignatureMark.size()) return begin;
      begin = middle + kGap.size();
      continue;
    }
    const std::size_t end = behind.find(kGap);
    if (end == std::string_view::npos) return begin;
    visit(text.substr(begin, middle + kGap.size() + end + 1 - begin));
    begin = middle + kGap.size() + end + kGap.size();
  }
}

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const noexcept { return descriptor_; }
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

/// The file's name too must outlive a power loss: a missing file reads as a rollback.
bool sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.get() >= 0 && ::fsync(opened.get()) == 0;
}

/// Reads [begin, end) of an open file.
std::optional<std::string> read_range(int descriptor, off_t begin, off_t end) {
  std::string bytes(static_cast<std::size_t>(end - begin), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t taken = ::pread(descriptor, bytes.data() + done, bytes.size() - done,
                                  begin + static_cast<off_t>(done));
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) return std::nullopt;
    done += static_cast<std::size_t>(taken);
  }
  return bytes;
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Takes away what stands behind `end`; where the file lets nothing be taken, ends it with an empty
/// line, so that it does not run into the next note.
bool cut_off(int descriptor, off_t end) {
  return ::ftruncate(descriptor, end) == 0 || write_all(descriptor, kGap);
}

struct Tail {
  std::optional<std::string> note;  // the newest whole one
  off_t end = 0;                    // where it ends; behind it stands what a crash cut off
};
std::expected<Tail, std::string> read_tail(int descriptor, const std::string& path) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return std::unexpected(fault(path, "read"));
  const off_t begin = std::max<off_t>(0, status.st_size - static_cast<off_t>(2 * kLongestNote));
  const auto bytes = read_range(descriptor, begin, status.st_size);
  if (!bytes) return std::unexpected(fault(path, "read"));
  std::string_view text(*bytes);
  Tail tail{std::nullopt, begin};
  if (begin != 0) {
    // A note begins behind an empty line; so do signatures, with a mark of their own.
    std::size_t start = 0;
    do {
      const std::size_t gap = text.find(kGap, start);
      if (gap == std::string_view::npos) return std::unexpected(path + ": holds no checkpoints");
      start = gap + kGap.size();
    } while (text.substr(start).starts_with(kSignatureMark));
    text.remove_prefix(start);
    tail.end += static_cast<off_t>(start);
  }
  tail.end += static_cast<off_t>(
      take_notes(text, [&](std::string_view note) { tail.note = std::string(note); }));
  return tail;
}

}  // namespace

CheckpointFile::CheckpointFile(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {}
CheckpointFile::CheckpointFile(CheckpointFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
CheckpointFile::~CheckpointFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::expected<CheckpointFile, std::string> CheckpointFile::open(const std::string& path) {
  Descriptor reading(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (reading.get() < 0) return std::unexpected(fault(path, "opened"));
  const auto tail = read_tail(reading.get(), path);
  if (!tail) return std::unexpected(tail.error());
  Descriptor writing(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
  if (writing.get() < 0) return std::unexpected(fault(path, "written"));
  struct stat status{};
  if (::fstat(writing.get(), &status) != 0) return std::unexpected(fault(path, "read"));
  if (status.st_size > tail->end && !cut_off(writing.get(), tail->end))
    return std::unexpected(fault(path, "mended"));
  if (!sync_folder_of(path)) return std::unexpected(fault(path, "kept"));
  return CheckpointFile(path, writing.release());
}

std::expected<void, std::string> CheckpointFile::append(std::string_view note) {
  struct stat before{};
  if (::fstat(descriptor_, &before) != 0) return std::unexpected(fault(path_, "read"));
  // One write: a crash leaves a beginning of it, which open() takes away.
  if (write_all(descriptor_, std::string(note) + "\n") && ::fdatasync(descriptor_) == 0) return {};
  auto failed = std::unexpected(fault(path_, "written"));
  cut_off(descriptor_, before.st_size);
  return failed;
}

std::expected<void, std::string> for_each_note(
    const std::string& path, const std::function<void(std::string_view note)>& visit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) return {};
    return std::unexpected(fault(path, "opened"));
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return std::unexpected(fault(path, "read"));
  std::string text;
  for (off_t at = 0; at < status.st_size;) {
    const off_t end = std::min<off_t>(status.st_size, at + static_cast<off_t>(kReadSize));
    const auto bytes = read_range(file.get(), at, end);
    if (!bytes) return std::unexpected(fault(path, "read"));
    text += *bytes;
    text.erase(0, take_notes(text, visit));
    if (text.size() > 2 * kReadSize) return std::unexpected(path + ": holds no checkpoints");
    at = end;
  }
  return {};
}

std::expected<std::optional<std::string>, std::string> newest_note(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return std::unexpected(fault(path, "opened"));
  }
  auto tail = read_tail(file.get(), path);
  if (!tail) return std::unexpected(tail.error());
  return std::move(tail->note);
}

}  // namespace customhouse::audit
