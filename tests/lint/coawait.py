#!/usr/bin/env python3
"""The coroutine rule: a co_await is a whole statement, or the whole right-hand side of `auto x =`,
`x =` or an if-initialiser; its operand has no naked braces, no `?:`, no capturing lambda, no throw
and no second co_await. g++ 12 miscompiles what this forbids. co_spawn and detached stand only in
gateway/net/spawn.h; asio's awaitable operators nowhere."""
import re
import sys

from sources import ROOT, blank, cpp_files, report

NAME = r"[A-Za-z_][\w.:]*(?:\s*(?:->|\.)\s*\w+|\[[^\][]*\])*"
BEFORE = re.compile(
    rf"(?:(?:(?:if|switch)\s*\(\s*)?(?:(?:const\s+)?[A-Za-z_][\w:<>,\s*&]*[\s&*])?(?:{NAME}|\[[\w\s,]+\])\s*=)?\s*$")
CONTROL = re.compile(r"^\s*(?:(?:if|for|while)\s*\(.*\)|else|do|case\b(?:::|[^:])*:(?!:)|default\s*:|\w+\s*:(?!:))\s*",
                     re.DOTALL)
BANNED_OUTSIDE_SPAWN = re.compile(r"\b(co_spawn|detached)\b")
BANNED = re.compile(r"\b(awaitable_operators|parallel_group)\b")
OPERAND_FAULTS = [
    (re.compile(r"\?"), "?: beside co_await"),
    (re.compile(r"\bco_await\b"), "a second co_await in one expression"),
    (re.compile(r"\bthrow\b"), "throw beside co_await"),
    (re.compile(r"(?<![\w\])>])\[\s*[^\]\s]"), "a capturing lambda in the operand"),
    (re.compile(r"[(,=]\s*\{"), "a naked brace initialiser in the operand"),
]


def statement_start(text, at):
    """Where the statement around `at` begins: behind the last ; { or } outside of parentheses."""
    depth = 0
    for i in range(at - 1, -1, -1):
        c = text[i]
        if c == ")":
            depth += 1
        elif c == "(":
            depth -= 1
        elif c in ";{}" and depth <= 0:
            return i + 1
    return 0


def operand_end(text, at):
    """First ; or unbalanced closing bracket behind `at`."""
    depth = 0
    for i in range(at, len(text)):
        c = text[i]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            if depth == 0:
                return i
            depth -= 1
        elif c == ";" and depth == 0:
            return i
    return len(text)


def faults_of(source):
    """(offset, what) of every breach in the blanked text."""
    for match in re.finditer(r"\bco_await\b", source):
        start = match.start()
        before = source[statement_start(source, start):start]
        # Strip `if (…)`, `else`, labels in front of a statement.
        while True:
            control = CONTROL.match(before)
            if not control or control.end() == 0:
                break
            before = before[control.end():]
        end = operand_end(source, match.end())
        operand = source[match.end():end]
        whole = BEFORE.match(before.strip() + " " if before.strip() else "")
        if "return" in before or not whole:
            yield start, "co_await must be a whole statement or the whole right-hand side of ="
        for pattern, what in OPERAND_FAULTS:
            if pattern.search(operand):
                yield start, what


def self_test():
    good = ["{ co_await f(a); }", "{ auto x = co_await f(std::move(b)); }", "{ x = co_await f(); }",
            "{ if (auto r = co_await f(); !r) return; }", "{ auto [e, n] = co_await s.read(T(a)); }",
            "{ a->b.c = co_await f(); }", "{ const Read r = co_await f(a[i]); }",
            "{ if (a) co_await f(); else co_await g(); }", "{ switch (k) { case B::A: co_await f(); break; } }",
            "{ std::expected<int, E> x = co_await f(); }", "{ while (!done) co_await f(); }"]
    bad = ["{ g(co_await f()); }", "{ return co_await f(); }", "{ co_return co_await f(); }",
           "{ auto x = c ? co_await f() : 1; }", "{ co_await f({1, 2}); }", "{ co_await f([x] {}); }",
           "{ auto x = co_await f(co_await g()); }", "{ auto x = 1 + co_await f(); }",
           "{ auto x = co_await f() ? 1 : 2; }", "{ for (auto x : co_await f()) {} }",
           "{ throw E(co_await f()); }", "{ while (co_await f()) {} }", "{ if (!co_await f()) {} }"]
    for text in good:
        assert not list(faults_of(text)), text
    for text in bad:
        assert list(faults_of(text)), text


def main():
    self_test()
    files = cpp_files(("gateway",))
    faults = []
    for path in files:
        text = blank((ROOT / path).read_text())

        def add(at, what):
            faults.append(f"{path}:{text.count(chr(10), 0, at) + 1}: {what}")

        for at, what in faults_of(text):
            add(at, what)
        for match in BANNED.finditer(text):
            add(match.start(), f"{match.group()} is not thread-safe; use a deadline that closes the socket")
        if str(path) != "gateway/net/spawn.h":
            for match in BANNED_OUTSIDE_SPAWN.finditer(text):
                add(match.start(), f"{match.group()} may stand only in gateway/net/spawn.h")
    return report("coawait", faults, len(files))


if __name__ == "__main__":
    sys.exit(main())
