#!/usr/bin/env python3
"""Words and calls that may not stand in the program or its tests."""
import re
import sys

from sources import ROOT, blank, cpp_files, report

PURE = ("gateway/proto/", "gateway/provider/", "gateway/flow/", "policy/")

# (pattern, where it is forbidden as prefixes, why). Looked for in code, not in comments.
IN_CODE = [
    (r"\bstd::regex\b", ("",), "std::regex backtracks: patterns are RE2"),
    (r"\bstd::cout\b|\bprintf\s*\(", PURE + ("audit/", "gateway/net/"), "this room does not print"),
    (r"\bgetenv\s*\(", ("gateway/", "policy/", "audit/"), "settings come from the configuration"),
    (r"\busing\s+namespace\s+std\s*;", ("",), "name what you use"),
    (r"\b(strcpy|strcat|sprintf|gets|strtok)\s*\(", ("",), "unbounded"),
    (r"\b(system_clock|steady_clock)::now\b", PURE, "pure rooms know no clock"),
    (r"\b(GTEST_SKIP|DISABLED_\w+)", ("tests/",), "no skipped test"),
    (r"\bsleep_for\b|\busleep\s*\(", ("tests/unit/",), "a unit test does not sleep"),
]
# Looked for in everything, comments too.
IN_TEXT = [
    (r"\b(TODO|FIXME|XXX|HACK)\b", "finish it, or write an issue"),
    (r"/work/|/tmp/(?!x\b|customhouse)", "no path of one machine"),
    (r"\t", "spaces, not tabs"),
    (r"[ \t]+$", "trailing white space"),
]


def main():
    files = cpp_files(("gateway", "policy", "audit", "local_model", "tests"))
    faults = []
    for path in files:
        name = str(path)
        text = (ROOT / path).read_text()
        if name.endswith(".h") and "#pragma once" not in text:
            faults.append(f"{name}:1: a header begins with #pragma once")
        own = name.removesuffix(".cc") + ".h"
        if name.endswith(".cc") and (ROOT / own).exists():
            first = re.search(r"^#include (\S+)", text, re.MULTILINE)
            if first and first.group(1) != f'"{own}"':
                faults.append(f"{name}:1: include {own} first: it proves that the header stands alone")
        lines = text.splitlines()
        code = blank(text).splitlines()
        for number, line in enumerate(lines, 1):
            for pattern, why in IN_TEXT:
                if re.search(pattern, line):
                    faults.append(f"{name}:{number}: {why}")
            for pattern, places, why in IN_CODE:
                if name.startswith(places) and re.search(pattern, code[number - 1]):
                    faults.append(f"{name}:{number}: {why}")
    return report("text_rules", faults, len(files))


if __name__ == "__main__":
    sys.exit(main())
