#!/usr/bin/env python3
"""What `customhouse scan` finds in labelled texts: leaked characters, recall, precision, F1, confusion.

Run by `./dev bench detection`. Each set goes through one `scan --jsonl` process. Exit status 1 if the
types that have a structure do not reach their bars (recall 0.97, precision 0.95) over all sets.

Words used here. A labelled span is *found* if a finding of an accepted type overlaps it, *exact* if
both ends agree as well, and *covered* by findings of whatever type (what a redactor cares about).
*Leaked* is the share of a label's characters (bytes of UTF-8) that no finding covers. A finding is
*right* if it overlaps a span that accepts its type. Spans that one redactor writes in pieces (an
address over three lines) may be found by several findings, each of them right."""
import argparse
import collections
import json
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DATA = SOURCE / "tests/data/pii"
LEVELS = ["low", "medium", "high", "certain"]
RECALL_BAR, PRECISION_BAR = 0.97, 0.95

# The sets' labels -> our types. First the name a label is reported under (sets disagree: PHONE and
# PHONE_NUMBER), then every type of ours that is a right answer to it. A label that is not here
# accepts the type of its own name; a finding's type that stands in no row is a type of its own.
LABELS = {
    # label: (reported as, accepted types)
    "PERSON": ("PERSON", {"PERSON", "USERNAME"}),
    "TITLE": ("TITLE", {"TITLE", "PERSON"}),
    "ORG": ("ORGANIZATION", {"ORGANIZATION"}),
    "ORGANIZATION": ("ORGANIZATION", {"ORGANIZATION"}),
    "GPE": ("GPE", {"GPE", "LOCATION", "STREET_ADDRESS", "POSTAL_CODE"}),
    # lifebench calls whole postal addresses LOCATION, as it does cities and buildings.
    "LOCATION": ("LOCATION", {"LOCATION", "GPE", "STREET_ADDRESS", "POSTAL_CODE", "GPS_COORDINATES"}),
    "NRP": ("NRP", {"NRP"}),
    "DATE_TIME": ("DATE_TIME", {"DATE_TIME", "DATE_OF_BIRTH"}),
    # presidio-research labels each piece of an address, the post code of some and not of others.
    "STREET_ADDRESS": ("STREET_ADDRESS", {"STREET_ADDRESS", "POSTAL_CODE"}),
    "ZIP_CODE": ("POSTAL_CODE", {"POSTAL_CODE", "STREET_ADDRESS"}),
    "PHONE": ("PHONE_NUMBER", {"PHONE_NUMBER"}),
    "DOMAIN_NAME": ("URL", {"URL", "DOMAIN_NAME", "INTERNAL_HOSTNAME"}),
    "ID": ("REFERENCE_NUMBER", None),  # None: any type but those of APART
}
# Cannot be told from other words by structure: reported, no bar. A date is here unless it is one of
# birth; DATE_OF_BIRTH has a bar.
APART = {"PERSON", "TITLE", "ORGANIZATION", "GPE", "LOCATION", "NRP", "DATE_TIME"}


def reported_as(label):
    return LABELS.get(label, (label, None))[0]


def accepts(label, found_type):
    accepted = LABELS[label][1] if label in LABELS else {label}
    return found_type not in APART if accepted is None else found_type in accepted


def ratio(part, whole):
    return part / whole if whole else None


def f1(precision, recall):
    return 2 * precision * recall / (precision + recall) if precision and recall else (
        None if precision is None or recall is None else 0.0)


def show(value):
    return "    -" if value is None else f"{value:5.3f}"


class Counts:
    def __init__(self):
        self.spans = self.found = self.exact = self.covered = 0
        self.bytes = self.leaked = 0
        self.findings = self.right = self.exactly_right = 0

    def add(self, other):
        for key, value in vars(other).items():
            setattr(self, key, getattr(self, key) + value)

    recall = property(lambda self: ratio(self.found, self.spans))
    precision = property(lambda self: ratio(self.right, self.findings))

    def row(self, name):
        strict_recall, strict_precision = ratio(self.exact, self.spans), ratio(self.exactly_right, self.findings)
        cells = [ratio(self.leaked, self.bytes), self.recall, self.precision, f1(self.precision, self.recall),
                 strict_recall, strict_precision, f1(strict_precision, strict_recall), ratio(self.covered, self.spans)]
        return f"{name:<26}{self.spans:>6}{self.findings:>9}   " + "  ".join(show(c) for c in cells)


HEADING = (f"{'':<26}{'spans':>6}{'findings':>9}   {'leak':>5}  {'rec.':>5}  {'prec.':>5}  {'F1':>5}  "
           f"{'s.rec':>5}  {'s.prc':>5}  {'s.F1':>5}  {'cov.':>5}")


class SetResult:
    def __init__(self, name):
        self.name = name
        self.types = collections.defaultdict(Counts)
        self.confusion = collections.Counter()
        self.misses, self.false_alarms = [], []

    def total(self, of=lambda name: True):
        counts = Counts()
        for name, part in self.types.items():
            if of(name):
                counts.add(part)
        return counts


def scan(program, policy, path):
    """The findings of every text of the file, in its order."""
    with open(path, "rb") as texts:
        done = subprocess.run([program, "scan", "--jsonl", "--policy", policy], stdin=texts,
                              stdout=subprocess.PIPE, check=True)
    return [json.loads(line)["findings"] for line in done.stdout.splitlines()]


def around(data, begin, end):
    piece = lambda a, b: data[max(0, a):b].decode("utf-8", "replace").replace("\n", "⏎")
    return f"…{piece(begin - 60, begin)}[{piece(begin, end)}]{piece(end, end + 30)}…"


def measure_text(record, findings, result):
    data = record["text"].encode()
    covered = bytearray(len(data))
    for f in findings:
        covered[f["start"]:f["end"]] = b"\1" * (f["end"] - f["start"])
    overlaps = lambda s, f: f["start"] < s["end"] and s["start"] < f["end"]
    for span in record["spans"]:
        name = reported_as(span["type"])
        counts = result.types[name]
        touching = [f for f in findings if overlaps(span, f)]
        right = [f for f in touching if accepts(span["type"], f["type"])]
        hidden = sum(covered[span["start"]:span["end"]])
        counts.spans += 1
        counts.found += bool(right)
        counts.exact += any((f["start"], f["end"]) == (span["start"], span["end"]) for f in right)
        counts.covered += hidden == span["end"] - span["start"]
        counts.bytes += span["end"] - span["start"]
        counts.leaked += span["end"] - span["start"] - hidden
        for other in {f["type"] for f in (right or touching)} or {"(missed)"}:
            result.confusion[name, other] += 1
        if not right:
            result.misses.append((name, record["id"], around(data, span["start"], span["end"])))
    for f in findings:
        touching = [s for s in record["spans"] if overlaps(s, f)]
        right = [s for s in touching if accepts(s["type"], f["type"])]
        # A right finding counts where its span does, so that a type's columns speak of one thing.
        counts = result.types[reported_as(right[0]["type"]) if right else f["type"]]
        counts.findings += 1
        counts.right += bool(right)
        counts.exactly_right += any((f["start"], f["end"]) == (s["start"], s["end"]) for s in right)
        if not right:
            label = "/".join(sorted({reported_as(s["type"]) for s in touching})) or "(nothing)"
            result.confusion[label, f["type"]] += not touching
            result.false_alarms.append((f["type"], record["id"], label + " by " + f["rule"],
                                        around(data, f["start"], f["end"])))


def measure(path, options):
    result = SetResult(path.stem)
    least = LEVELS.index(options.level)
    with open(path, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    for record, findings in zip(records, scan(options.program, options.policy, path), strict=True):
        measure_text(record, [f for f in findings if LEVELS.index(f["confidence"]) >= least], result)
    return result


def structured(name):
    return name not in APART


def print_result(result):
    print(f"\n{result.name}\n{HEADING}")
    for group in (structured, lambda name: not structured(name)):
        for name in sorted(filter(group, result.types)):
            print(result.types[name].row("  " + name))
        print(result.total(group).row("with structure" if group is structured else "names, places, dates"))
    print(result.total().row("all"))


def print_confusion(results):
    table = collections.Counter()
    for result in results:
        table.update(+result.confusion)
    print("\nConfusion: label -> what was found there")
    for label in sorted({row for row, _ in table}):
        cells = sorted(((n, found) for (row, found), n in table.items() if row == label), reverse=True)
        print(f"  {label:<26}" + "  ".join(f"{found} {n}" for n, found in cells))


def print_list(title, rows, wanted):
    print(f"\n{title}")
    for row in sorted(rows, key=lambda r: (r[0], str(r[1]))):
        if not wanted or row[0] in wanted:
            print("  " + "  ".join(str(cell) for cell in row))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(SOURCE / "build/release/customhouse"))
    parser.add_argument("--policy", default=str(SOURCE / "config/policies/default.yaml"))
    parser.add_argument("--level", choices=LEVELS, default="medium", help="least confidence that counts (default: medium, what the default pack redacts)")
    parser.add_argument("--misses", action="store_true", help="list labelled spans that were not found")
    parser.add_argument("--false-alarms", action="store_true", help="list findings that are not right")
    parser.add_argument("--types", nargs="*", default=[], help="list these types only")
    parser.add_argument("sets", nargs="*", type=pathlib.Path, help="JSON Lines files; default: tests/data/pii")
    return parser.parse_args()


def main():
    options = arguments()
    results = [measure(path, options) for path in options.sets or sorted(DATA.glob("*.jsonl"))]
    for result in results:
        print_result(result)
    overall = SetResult(f"all sets, findings of level {options.level} and above")
    for result in results:
        for name, counts in result.types.items():
            overall.types[name].add(counts)
    print_result(overall)
    print_confusion(results)
    if options.misses:
        print_list("Misses", [m for r in results for m in r.misses], options.types)
    if options.false_alarms:
        print_list("False alarms", [m for r in results for m in r.false_alarms], options.types)
    total = overall.total(structured)
    good = (total.recall or 0) >= RECALL_BAR and (total.precision or 0) >= PRECISION_BAR
    print(f"\nwith structure: recall {show(total.recall)} (bar {RECALL_BAR}), precision {show(total.precision)} "
          f"(bar {PRECISION_BAR})  {'ok' if good else 'MISSED'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
