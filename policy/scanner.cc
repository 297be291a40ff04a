// The way of a text: views (disguises undone) -> gate -> each detector's windows -> validator ->
// findings in the bytes as given; encoded tokens the same way again, to a depth of two.
#include "policy/scanner.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "policy/base64.h"
#include "policy/gate.h"
#include "policy/normalizer.h"
#include "policy/placeholders.h"
#include "policy/resolve.h"
#include "policy/rule_set_implementation.h"
#include "policy/text.h"

namespace customhouse::policy {
namespace {

constexpr int kDecodingDepth = 2;
constexpr int kEscapeLayers = 3;
constexpr std::size_t kLargestText = std::size_t{1} << 31;
constexpr std::size_t kLargestWindow = 64 << 10;
/// A keyword or a run of digits that a change completes is no longer than this.
constexpr std::size_t kNearChange = 96;
/// Views and decoded tokens together may be this many times the text; more is an attack.
constexpr std::size_t kWorkFactor = 24;

/// A text on its way back to the bytes as given.
struct View {
  std::string_view text;
  std::vector<const MappedText*> layers;  // outermost first; empty: the text itself

  Window to_source(std::size_t begin, std::size_t end) const {
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
      const std::size_t source_end = (*layer)->source_end(end);
      begin = (*layer)->source_begin(begin);
      end = std::max(begin, source_end);
    }
    return {begin, end};
  }
  /// What stands here as in the view before has been looked at there.
  bool is_news(std::size_t begin, std::size_t end) const {
    return layers.empty() || !layers.back()->is_verbatim(begin, end);
  }
};

class TextScanner {
 public:
  TextScanner(const RuleSet::Implementation& rules, SpanRole role, std::size_t& work, int depth)
      : rules_(rules), identifier_(role == SpanRole::Identifier), work_(work), depth_(depth) {}

  std::expected<std::vector<Finding>, ScanError> scan(std::string_view text) {
    source_ = text;
    std::vector<std::unique_ptr<MappedText>> made;
    View view{text, {}};
    std::vector<Window> ranges = {{0, text.size()}};
    std::vector<DetectorWindow> known;
    bool non_ascii = false, escapes = false;
    for (int layer = 0;; ++layer) {
      if (work_ < view.text.size()) {
        return std::unexpected(ScanError{"more disguise layers than can be looked through"});
      }
      work_ -= view.text.size();
      GateResult gate = pass_gate(rules_, view.text, ranges, std::move(known));
      run_detectors(view, gate);
      if (auto error = decode_tokens(view, gate)) return std::unexpected(std::move(*error));
      // Escapes that a folding did not touch are still there.
      escapes = escapes || gate.escapes;
      non_ascii = non_ascii || gate.non_ascii;
      if (layer > kEscapeLayers || !next_view(view, non_ascii, escapes, made)) break;
      // What wakes a detector far from any change has been seen; its window comes along.
      ranges = view.layers.back()->changes(kNearChange);
      known = carried_over(gate.windows, *view.layers.back());
    }
    std::vector<Finding> findings = resolve_overlaps(std::move(findings_), rules_);
    keep_placeholders(text, findings);
    return findings;
  }

 private:
  /// Folds characters, or undoes one layer of escapes and folds what came out.
  static bool next_view(View& view, bool& non_ascii, bool& escapes,
                        std::vector<std::unique_ptr<MappedText>>& made) {
    const auto put = [&](std::optional<MappedText> mapped) {
      if (!mapped) return false;
      made.push_back(std::make_unique<MappedText>(std::move(*mapped)));
      view.layers.push_back(made.back().get());
      view.text = made.back()->text;
      return true;
    };
    if (std::exchange(non_ascii, false) && put(fold_characters(view.text))) return true;
    return std::exchange(escapes, false) && put(undo_escapes(view.text));
  }

  void run_detectors(const View& view, GateResult& gate) {
    context_ = &gate.context;
    std::size_t resume = 0;
    for (std::size_t i = 0; i < gate.windows.size(); ++i) {
      const DetectorWindow& window = gate.windows[i];
      if (i == 0 || gate.windows[i - 1].detector != window.detector) resume = 0;
      const Detector& detector = rules_.detectors[window.detector];
      if (identifier_ && detector.context_required) continue;
      if (!view.is_news(window.begin, window.end)) continue;
      const std::size_t begin = std::max(window.begin, resume);
      if (begin < window.end) resume = run_detector(detector, view, {begin, window.end});
    }
  }

  /// Where a match may begin, from `at` on; window.end if nowhere.
  static std::size_t next_begin(const Detector& d, std::string_view text, std::size_t at,
                                std::size_t end) {
    for (; at < end; ++at) {
      if (!d.facts.first.test(static_cast<unsigned char>(text[at]))) continue;
      if (!d.anchored || token_begins(text, at)) break;
    }
    return at;
  }

  /// Returns where the last finding ended.
  std::size_t run_detector(const Detector& d, const View& view, Window window) {
    const std::string_view text = view.text;
    const re2::StringPiece piece(text.data(), text.size());
    std::array<re2::StringPiece, 10> groups;
    std::size_t at = window.begin, done = window.begin;
    const auto how = d.anchored ? re2::RE2::ANCHOR_START : re2::RE2::UNANCHORED;
    while ((at = next_begin(d, text, at, window.end)) < window.end) {
      if (!d.pattern->Match(piece, at, window.end, how, groups.data(), d.group + 1)) {
        if (!d.anchored) break;
        ++at;
        continue;
      }
      const auto offset = [&](const char* p) { return static_cast<std::size_t>(p - text.data()); };
      const std::size_t match_begin = offset(groups[0].data());
      const std::size_t match_end = match_begin + groups[0].size();
      if (match_end == window.end && window.end < text.size() &&
          window.end - match_begin < kLargestWindow) {
        at = match_begin;  // cut off by the window: look again with a wider one
        window.end = std::min(text.size(), window.end + (window.end - match_begin) * 3 + 64);
        continue;
      }
      const re2::StringPiece& value = groups[static_cast<std::size_t>(d.group)];
      if (value.data() != nullptr && !value.empty()) {
        const std::size_t begin = offset(value.data());
        const std::size_t end = consider(d, view, begin, begin + value.size());
        if (end > match_begin) {
          at = done = std::max(end, match_begin + 1);
          continue;
        }
      }
      at = match_begin + 1;
      while (at < window.end && is_alnum(text[at - 1]) && is_alnum(text[at])) ++at;
    }
    return done;
  }

  /// The first context word of the detector near a value, empty if none: words inside the value
  /// itself say nothing.
  std::string_view context_of(const Detector& d, std::size_t begin, std::size_t end) {
    if (identifier_ || d.context_words.empty()) return {};
    const std::size_t from = begin > kContextBefore ? begin - kContextBefore : 0;
    for (const ContextHit& hit : context_->within(from, end + kContextAfter)) {
      const bool outside = hit.end <= begin || hit.begin >= end;
      if (outside && std::ranges::binary_search(d.context_words, hit.word)) {
        return rules_.context.literal(hit.word);
      }
    }
    return {};
  }

  /// Takes a match as a finding or not. Returns its end, 0 if it is none.
  std::size_t consider(const Detector& d, const View& view, std::size_t begin, std::size_t end) {
    const std::string_view text = view.text;
    if (d.token_boundary && !token_begins(text, begin)) return 0;
    // Context is looked for last: what is refused with it is refused without.
    Candidate candidate{text, begin, end, !identifier_ && !d.context_words.empty()};
    Verdict verdict = d.validator != nullptr ? d.validator(candidate) : Verdict::accept();
    if (!verdict.accepted) return 0;
    const std::string_view context =
        candidate.context ? context_of(d, begin, end) : std::string_view{};
    if (candidate.context && context.empty()) {
      if (d.context_required) return 0;
      candidate = {text, begin, end, false};
      if (d.validator != nullptr) verdict = d.validator(candidate);
    }
    if (!verdict.accepted) return 0;
    if (d.token_boundary && !token_ends(text, candidate.end)) return 0;
    const Confidence confidence =
        verdict.confidence.value_or(candidate.context ? d.confidence_with_context : d.confidence);
    Window source = view.to_source(candidate.begin, candidate.end);
    source = {character_begin(source_, source.begin), character_end(source_, source.end)};
    if (source.begin >= source.end) return 0;
    if (identifier_ && confidence < Confidence::High &&
        (confidence < Confidence::Medium || source.begin != 0 || source.end != source_.size())) {
      return 0;
    }
    Finding finding;
    finding.type = d.type;
    finding.detector = d.id;
    finding.begin = source.begin;
    finding.end = source.end;
    finding.confidence = confidence;
    finding.reason = {context, verdict.confidence, static_cast<std::uint8_t>(view.layers.size())};
    finding.normalized =
        verdict.normalized.empty() ? std::string(candidate.value()) : std::move(verdict.normalized);
    findings_.push_back(std::move(finding));
    return candidate.end;
  }

  std::optional<ScanError> decode_tokens(const View& view, const GateResult& gate) {
    if (depth_ >= kDecodingDepth) return std::nullopt;
    for (const TokenRun& run : gate.tokens) {
      if (!view.is_news(run.begin, run.end)) continue;
      if (auto error = decode_run(view, run.begin, run.end)) return error;
    }
    return std::nullopt;
  }

  /// A run may be a token, or tokens joined by '/', '-' and '_' ("data/eyJ…", "msg_eyJ…").
  std::optional<ScanError> decode_run(const View& view, std::size_t begin, std::size_t end) {
    bool taken = false;
    if (auto error = decode_token(view, begin, end, taken); error || taken) return error;
    for (std::size_t from = begin; from < end;) {
      const std::size_t cut = view.text.substr(0, end).find_first_of("/-_+", from);
      const std::size_t to = std::min(cut, end);
      if (to - from >= 8 && to - from < end - begin) {
        if (auto error = decode_token(view, from, to, taken)) return error;
      }
      if (cut >= end) break;
      from = cut + 1;
    }
    // The first part may be a name with a '-' or '_' and the rest a whole token.
    const std::size_t cut = view.text.substr(0, end).find_first_of("/-_", begin);
    if (!taken && cut < end && end - cut > 8) return decode_token(view, cut + 1, end, taken);
    return std::nullopt;
  }

  std::optional<ScanError> decode_token(const View& view, std::size_t begin, std::size_t end,
                                        bool& taken) {
    const std::string_view token = view.text.substr(begin, end - begin);
    Finding::Encoded encoded;
    if (auto hex = decode_hex(token); hex && is_readable_text(*hex)) {
      encoded.kind = Finding::Encoded::Kind::Hex;
      encoded.decoded = std::move(*hex);
    } else {
      if (!begins_readable(token)) return std::nullopt;
      auto bytes = decode_base64(token);
      if (!bytes || !is_readable_text(*bytes)) return std::nullopt;
      encoded.kind = token.find_first_of("-_") == std::string_view::npos
                         ? Finding::Encoded::Kind::Base64
                         : Finding::Encoded::Kind::Base64Url;
      encoded.padded = token.ends_with('=') ||
                       (token.size() % 4 == 0 && encoded.kind == Finding::Encoded::Kind::Base64);
      encoded.decoded = std::move(*bytes);
    }
    taken = true;
    // Decoded text is prose even in an identifier: nothing there is opaque any more.
    auto inner = TextScanner(rules_, SpanRole::Text, work_, depth_ + 1).scan(encoded.decoded);
    if (!inner) return std::move(inner.error());
    if (inner->empty()) return std::nullopt;
    const Finding& first = *std::ranges::max_element(*inner, {}, &Finding::confidence);
    const Window source = view.to_source(begin, end);
    Finding finding;
    finding.type = first.type;
    finding.detector = first.detector;
    finding.begin = source.begin;
    finding.end = source.end;
    finding.confidence = first.confidence;
    finding.reason = first.reason;
    finding.normalized = first.normalized;
    encoded.findings = std::move(*inner);
    finding.encoded = std::move(encoded);
    findings_.push_back(std::move(finding));
    return std::nullopt;
  }

  const RuleSet::Implementation& rules_;
  bool identifier_;
  std::size_t& work_;
  int depth_;
  ContextIndex* context_ = nullptr;  // of the view at hand
  std::string_view source_;
  std::vector<Finding> findings_;
};

}  // namespace

std::expected<std::vector<Finding>, ScanError> scan(const RuleSet& rules, std::string_view text,
                                                    SpanRole role) {
  if (text.size() > kLargestText) return std::unexpected(ScanError{"the text is over 2 GiB"});
  // An identifier with white space in it is no opaque one.
  const bool opaque = role == SpanRole::Identifier && std::ranges::none_of(text, is_space);
  std::size_t work = text.size() * kWorkFactor + 4096;
  return TextScanner(rules.implementation(), opaque ? role : SpanRole::Text, work, 0).scan(text);
}

}  // namespace customhouse::policy
