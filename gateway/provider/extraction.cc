#include "gateway/provider/extraction.h"

#include "gateway/provider/extractor.h"

namespace customhouse::provider {

namespace {

/// The path segment behind `marker`, up to '/', ':' or '?'.
std::string_view segment_behind(std::string_view path, std::string_view marker) {
  const std::size_t at = path.find(marker);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = path.substr(at + marker.size());
  return rest.substr(0, rest.find_first_of("/:?"));
}

/// Gemini and Vertex, Azure, and Bedrock name the model in the path.
std::string_view model_in_path(std::string_view path) {
  path = path.substr(0, path.find('?'));
  for (const std::string_view marker : {"/models/", "/deployments/", "/model/", "/engines/"}) {
    if (const std::string_view model = segment_behind(path, marker); !model.empty()) return model;
  }
  return {};
}

}  // namespace

Extraction::Extraction(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Extraction::Extraction(Extraction&&) noexcept = default;
Extraction& Extraction::operator=(Extraction&&) noexcept = default;
Extraction::~Extraction() = default;

const std::vector<policy::TextSpan>& Extraction::spans() const noexcept {
  return implementation_->spans;
}
const policy::Coverage& Extraction::coverage() const noexcept {
  return implementation_->coverage;
}
const std::string& Extraction::model() const noexcept {
  return implementation_->model;
}
bool Extraction::wants_stream() const noexcept {
  return implementation_->stream;
}

std::string Extraction::apply(std::span<const policy::Replacement> replacements) const {
  return implementation_->tree.apply(implementation_->places, implementation_->spans, replacements);
}

std::expected<Extraction, ExtractionError> extract(const Operation& operation,
                                                   std::string_view path,
                                                   std::string_view content_type,
                                                   std::string_view body,
                                                   const ExtractionLimits& limits) {
  auto result = std::make_unique<Extraction::Implementation>(body);
  Extractor extractor(*result, limits);
  if (auto failure = extractor.read(content_type, 0, body.size(), {}, false))
    return std::unexpected(*failure);
  extractor.finish();
  if (result->model.empty()) result->model = model_in_path(path);
  if (operation.name == "streamGenerateContent" ||
      path.find(":streamRawPredict") != std::string_view::npos) {
    result->stream = true;
  }
  return Extraction(std::move(result));
}

}  // namespace customhouse::provider
