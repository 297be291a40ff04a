// The ways to restore an answer, one per way of sending it. Private to the restorer's files.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "gateway/provider/answer_fields.h"
#include "gateway/provider/answer_restorer.h"
#include "gateway/provider/placeholder_set.h"
#include "policy/edit.h"

namespace customhouse::provider {

std::unique_ptr<AnswerRestorer> make_sse_restorer(const std::vector<policy::RestoreEntry>& entries);
std::unique_ptr<AnswerRestorer> make_json_restorer(
    const std::vector<policy::RestoreEntry>& entries);
std::unique_ptr<AnswerRestorer> make_text_restorer(
    const std::vector<policy::RestoreEntry>& entries);

/// Limits for documents that come from upstream.
inline constexpr JsonLimits kAnswerLimits{.max_depth = 512, .max_nodes = 8'000'000};

/// Appends the edits of the document that restore the strings which are complete in themselves.
void restore_complete(const JsonIndex& index, const std::vector<CompleteField>& fields,
                      const PlaceholderSet& placeholders, std::uint64_t& restored,
                      std::vector<policy::Edit>& edits);

/// The document with these edits, in any order.
std::string with_edits(std::string_view document, std::vector<policy::Edit> edits);

}  // namespace customhouse::provider
