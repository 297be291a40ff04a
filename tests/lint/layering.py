#!/usr/bin/env python3
"""Who may include whom (ARCHITECTURE.md). The arrows point one way; the middle is pure."""
import re
import sys

from sources import cpp_files, includes, report

# Room -> what it may include of ours, as prefixes of include names. Longest folder first.
MAY_INCLUDE = {
    "gateway/main.cc": ("gateway/app/",),
    "gateway/app/": ("gateway/", "policy/", "audit/", "local_model/"),
    "gateway/net/": ("gateway/net/", "gateway/flow/", "gateway/proto/", "gateway/telemetry/",
                     "gateway/provider/refusal.h", "policy/evaluator.h", "audit/log.h",
                     "local_model/engine.h"),
    "gateway/flow/": ("gateway/flow/", "gateway/provider/", "gateway/proto/", "policy/",
                      "audit/record.h", "audit/digest.h", "local_model/prompt.h"),
    "gateway/provider/": ("gateway/provider/", "gateway/proto/http_message.h",
                          "gateway/proto/http1.h", "gateway/proto/sse.h", "policy/span.h",
                          "policy/edit.h", "policy/decision.h"),
    "gateway/proto/": ("gateway/proto/",),
    "gateway/telemetry/": ("gateway/telemetry/",),
    "policy/": ("policy/",),
    "audit/": ("audit/",),
    "local_model/": ("local_model/",),
}

# Third-party headers -> where they may stand.
MAY_USE = [
    (r"boost/", ("gateway/net/", "gateway/app/")),
    (r"openssl/(crypto|evp|hmac|sha|rand|kdf|core_names|params)\.h",
     ("gateway/net/", "gateway/app/", "policy/", "audit/")),
    (r"openssl/", ("gateway/net/", "gateway/app/")),
    (r"(sys/socket|sys/epoll|netdb|netinet/.*)\.h?", ("gateway/net/", "gateway/app/")),
    (r"rocksdb/", ("audit/rocksdb_store.cc",)),
    (r"re2/", ("policy/",)),
    (r"CLI/", ("gateway/app/cli.cc",)),
    (r"yaml-cpp/", ("gateway/app/", "gateway/provider/", "policy/")),
    (r"nlohmann/", ("gateway/app/", "audit/")),
    (r"cuda|cublas", ("local_model/",)),
]
OURS = ("gateway/", "policy/", "audit/", "local_model/", "tests/", "config/")


def room_of(path):
    return max((room for room in MAY_INCLUDE if path.startswith(room)), key=len, default=None)


def fault_of(path, name):
    """Why `path` may not include `name` (with its quotes or brackets), or None."""
    header = name[1:-1]
    if name[0] == '"':
        if not header.startswith(OURS):
            return f"write {name} with its path from the root"
        room = room_of(path)
        if room is None:
            return "this file belongs to no room of the include graph"
        if not header.startswith(MAY_INCLUDE[room]):
            return f"{room} may not include {header}"
        return None
    for pattern, places in MAY_USE:
        if re.match(pattern, header):
            return None if path.startswith(places) else f"{name} may stand only in {', '.join(places)}"
    return None


def self_test():
    """The check itself must bite."""
    assert fault_of("policy/a.cc", '"gateway/proto/http1.h"')
    assert fault_of("gateway/flow/a.cc", '"gateway/net/server.h"')
    assert fault_of("gateway/flow/a.cc", '"audit/log.h"')
    assert fault_of("gateway/flow/a.cc", "<boost/asio.hpp>")
    assert fault_of("policy/a.cc", "<openssl/ssl.h>")
    assert fault_of("audit/log.cc", "<rocksdb/db.h>")
    assert fault_of("gateway/proto/a.cc", '"http1.h"')
    assert fault_of("gateway/net/a.cc", '"tests/support/x.h"')
    assert not fault_of("policy/a.cc", "<openssl/evp.h>")
    assert not fault_of("gateway/app/a.cc", '"audit/log.h"')


def main():
    self_test()
    files = cpp_files()
    faults = []
    for path in files:
        for line, name in includes(path):
            what = fault_of(str(path), name)
            if what:
                faults.append(f"{path}:{line}: {what}")
    return report("layering", faults, len(files))


if __name__ == "__main__":
    sys.exit(main())
