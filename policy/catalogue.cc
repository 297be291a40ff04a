#include "policy/catalogue.h"

#include "policy/rule_set_implementation.h"

namespace customhouse::policy {
namespace {

std::string family_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
  return name.substr(0, name.rfind('.'));
}

std::string named(Confidence confidence) {
  return std::string(to_string(confidence));
}

}  // namespace

std::vector<DetectorEntry> catalogue(const RuleSet& rules) {
  std::vector<DetectorEntry> entries;
  for (const Detector& d : rules.implementation().detectors) {
    const bool helped = !d.context.empty();
    entries.push_back({d.id, d.type, family_of(d.file), d.labels, d.regions, d.confidence,
                       helped ? d.confidence_with_context : d.confidence, d.context_required,
                       d.validator_name, d.match.size() + d.no_match.size()});
  }
  return entries;
}

Explanation explain(const RuleSet& rules, const Finding& finding) {
  Explanation told;
  const Detector* d = rules.implementation().find(finding.detector);
  if (d == nullptr) return told;
  told.pattern = to_string(PolicyError{d->file, d->line, d->column, {}});
  told.pattern.resize(told.pattern.size() - 2);  // the ": " before nothing
  told.validator = d->validator_name;
  told.context = std::string(finding.reason.context);
  told.score.push_back("pattern: " + named(d->confidence));
  if (finding.reason.disguises > 0) {
    told.score.push_back("disguise undone, layers: " + std::to_string(finding.reason.disguises));
  }
  if (!told.context.empty()) {
    told.score.push_back("context '" + told.context + "': " + named(d->confidence_with_context));
  }
  if (finding.reason.validated) {
    told.score.push_back("validator " + d->validator_name + ": " +
                         named(*finding.reason.validated));
  } else if (d->validator != nullptr) {
    told.score.push_back("validator " + d->validator_name + ": accepted");
  }
  if (finding.encoded.kind != Finding::Encoded::Kind::None) {
    told.score.push_back("stands in an encoded token");
  }
  return told;
}

}  // namespace customhouse::policy
