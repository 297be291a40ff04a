#!/usr/bin/env python3
"""Headers without a .cc of their own compile alone (the others stand first in theirs)."""
import concurrent.futures
import os
import subprocess
import sys

from sources import ROOT, cpp_files, report


def check(path):
    command = [os.environ.get("CXX", "clang++-19"), "-std=c++23", "-fsyntax-only", "-x", "c++",
               "-DBOOST_ASIO_NO_DEPRECATED", "-DBOOST_ASIO_SEPARATE_COMPILATION",
               "-Wno-pragma-once-outside-header", "-I", str(ROOT), str(ROOT / path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{path}: does not compile alone\n{done.stderr[:600]}"


def main():
    headers = [p for p in cpp_files() if p.suffix == ".h" and not (ROOT / p).with_suffix(".cc").exists()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(check, headers) if fault]
    return report("headers", faults, len(headers))


if __name__ == "__main__":
    sys.exit(main())
