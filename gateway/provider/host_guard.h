// Whether a secret may stand beside what an answer addresses: a prompt injection would carry it
// off in a URL (DESIGN §5.4). When in doubt: no.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace customhouse::provider {

/// `run` is the text without white space that a placeholder ends or stands in. False if a URL in
/// it leads to a host that is not among `hosts`, or to one that is not known yet.
bool may_stand_in_run(std::string_view run, const std::vector<std::string>& hosts);

/// `arguments`: all of a tool call's arguments, as JSON or text. False if they name the authority
/// of any URL outside `hosts`, or hand a bare host to a network command.
bool may_stand_in_arguments(std::string_view arguments, const std::vector<std::string>& hosts);

}  // namespace customhouse::provider
