// How fast text is judged with the default pack: beside an RE2::Set of 30 of its patterns on the
// same text in the same run. `./dev bench scan`; a folder as argument adds its files as "source
// code".
#include <re2/set.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>

#include "policy/evaluator.h"
#include "policy/rule_set_implementation.h"
#include "policy/scanner.h"

namespace {

using namespace customhouse::policy;

const std::string kSource = CUSTOMHOUSE_SOURCE_DIR;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Of processor time: what else runs on the machine does not count.
double seconds_of(const std::function<void()>& work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  };
  const double begun = now();
  work();
  return now() - begun;
}

/// The best of several runs: what the machine can do when nobody disturbs it.
double best_seconds(const std::function<void()>& work) {
  double best = seconds_of(work);
  for (double total = best; total < 0.4;) {
    const double next = seconds_of(work);
    total += next;
    best = std::min(best, next);
  }
  return best;
}

/// Prose as people write to a model: no value to find.
std::string chat_text(std::size_t size) {
  static const char* const kSentences[] = {
      "Could you rewrite the second paragraph so that it sounds less formal? ",
      "The quarterly figures are attached and the meeting moves to Thursday afternoon. ",
      "I think the problem is in how we pass the request on before the answer is complete.\n",
      "Please list the three most important arguments, each with a short example. ",
      "She said that nobody had asked for it, which is why the team stopped last autumn. ",
      "Explain what happens when the cache is full (and why that is not an error).\n\n",
      "- first point: keep it simple\n- second point: measure before you change anything\n",
      "We tried 3 of the 12 options; version 2.4 was the fastest, by about 15%. ",
  };
  std::mt19937 random(7);
  std::string text;
  while (text.size() < size) text += kSentences[random() % std::size(kSentences)];
  return text;
}

std::string code_text(const std::string& folder, std::size_t size) {
  std::string text;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    const auto type = file.path().extension();
    if (type != ".cc" && type != ".h" && type != ".mjs" && type != ".py") continue;
    if (file.path().string().contains("node_modules") || file.path().string().contains("/build/"))
      continue;
    if (file.path().string().contains("/tests/unit/policy")) continue;  // full of planted values
    text += read_file(file.path());
    if (text.size() > size) break;
  }
  return text;
}

std::string repeated(std::string_view part, std::size_t size) {
  std::string text;
  while (text.size() < size) text += part;
  return text;
}

std::string random_of(std::string_view bytes, std::size_t size) {
  std::mt19937 random(11);
  std::string text(size, '\0');
  for (char& c : text) c = bytes[random() % bytes.size()];
  return text;
}

struct Text {
  const char* name;
  std::string text;
  double aim;  // MB/s
};

}  // namespace

int main(int argc, char** argv) {
  std::shared_ptr<const RuleSet> rules;
  const double load = best_seconds([&] {
    auto loaded =
        RuleSet::load({kSource + "/config/policies/default.yaml"},
                      [](const std::string& path) -> std::expected<std::string, std::string> {
                        return read_file(path);
                      });
    if (!loaded) {
      for (const auto& error : loaded.error())
        std::fprintf(stderr, "%s\n", to_string(error).c_str());
      std::exit(1);
    }
    rules = std::move(*loaded);
  });
  std::printf("%zu detectors, loaded in %.0f ms (aim 300)\n\n", rules->detector_count(),
              load * 1e3);

  re2::RE2::Options options;
  options.set_max_mem(64 << 20);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  re2::RE2::Set set(options, re2::RE2::UNANCHORED);
  for (std::size_t i = 0; i < 30 && i < rules->detector_count(); ++i)
    set.Add(rules->implementation().detectors[i].pattern->pattern(), nullptr);
  set.Compile();

  constexpr std::size_t kSize = 1 << 20;
  std::vector<Text> texts;
  texts.push_back({"chat, nothing to find", chat_text(kSize), 250});
  texts.push_back({"source code", code_text(argc > 1 ? argv[1] : kSource, 2 * kSize), 200});
  const auto hostile = [&](const char* name, std::string text) {
    texts.push_back({name, std::move(text), 20});
  };
  hostile("hostile: digits", random_of("0123456789", kSize));
  hostile("hostile: digits and separators", random_of("0123456789 -.", kSize));
  hostile("hostile: card-like groups", repeated("4111 1111 1111 1112 ", kSize));
  hostile("hostile: hex groups", random_of("0123456789abcdef:-", kSize));
  hostile("hostile: at signs", repeated("a@b.c @x@y@ ", kSize));
  hostile("hostile: base64 tokens", random_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                              "0123456789+/ ",
                                              kSize));
  hostile("hostile: keywords", [&] {
    std::string all;
    for (const Detector& d : rules->implementation().detectors)
      for (const auto& keyword : d.keywords) all += keyword + "=x ";
    return repeated(all, kSize);
  }());
  hostile("hostile: one keyword", repeated("password: ", kSize));
  hostile("hostile: escapes", repeated("%41\\u0041&#65;\\\\", kSize));
  hostile("hostile: full-width digits", repeated("\xEF\xBC\x94\xEF\xBC\x91", kSize));
  hostile("hostile: dashes", repeated("-----BEGIN ", kSize));

  bool all_reached = true;
  std::printf("%-32s %10s %10s %8s\n", "text", "MB/s", "RE2::Set", "ratio");
  for (const Text& one : texts) {
    const double mb = static_cast<double>(one.text.size()) / 1e6;
    std::size_t findings = 0;
    bool failed = false;
    const double own = mb / best_seconds([&] {
                         const auto found = scan(*rules, one.text);
                         failed = !found;
                         findings = found ? found->size() : 0;
                       });
    std::vector<int> matched;
    const double theirs = mb / seconds_of([&] { set.Match(one.text, &matched); });
    const bool reached = own >= one.aim;
    all_reached = all_reached && reached;
    std::printf("%-32s %10.1f %10.1f %8.2f  aim %.0f%s%s (%zu findings)\n", one.name, own, theirs,
                own / theirs, one.aim, reached ? "" : " MISSED", failed ? ", refused" : "",
                findings);
  }

  const std::string message = chat_text(2000);
  const PseudonymKey key(std::array<std::uint8_t, 32>{1});
  const RequestFacts facts{"openai", "api.openai.com", "US", "gpt-test", "actor"};
  const auto micro = [](const std::function<void()>& work) {
    return 1e6 / 1000 * best_seconds([&] {
             for (int i = 0; i < 1000; ++i) work();
           });
  };
  std::vector<TextSpan> spans = {{message, "/messages/0/content", SpanRole::Text}};
  const double one = micro([&] { (void)evaluate(*rules, facts, spans, {}, key); });
  for (const char* name : {"model", "gpt-test", "messages", "role", "user", "content", "stream"})
    spans.push_back({name, "/messages/0/role", SpanRole::Text});
  const double with_keys = micro([&] { (void)evaluate(*rules, facts, spans, {}, key); });
  const std::string dirty =
      "Write to ada.lovelace@analytical-engines.org, charge 4111 1111 1111 1111. " + message;
  spans[0].text = dirty;
  const double redacting = micro([&] { (void)evaluate(*rules, facts, spans, {}, key); });
  std::printf("\n2 KB message, nothing to find       %6.1f us (aim 15)\n", one);
  std::printf("the same with 7 short strings       %6.1f us\n", with_keys);
  std::printf("the same with two values to redact  %6.1f us\n", redacting);
  return all_reached && one < 15 ? 0 : 1;
}
