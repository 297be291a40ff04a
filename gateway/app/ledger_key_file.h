// The key that signs the ledger's checkpoints: one line in data_dir/ledger.key, mode 0600, in the
// encoding of golang.org/x/mod/sumdb/note. Who has it can sign another history; auditors have the
// public half (`customhouse audit key`).
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "audit/note.h"
#include "gateway/app/config.h"

namespace customhouse::app {

using LedgerKeyPtr = std::shared_ptr<const audit::NoteSigner>;

/// nullptr if there is none.
std::expected<LedgerKeyPtr, std::string> load_ledger_key(const Config& config);
/// Made on the first start, named `audit.origin`. A key of another name than a configured origin is
/// an error: the name is part of everything signed.
std::expected<LedgerKeyPtr, std::string> load_or_create_ledger_key(const Config& config);

}  // namespace customhouse::app
