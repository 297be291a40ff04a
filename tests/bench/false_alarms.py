#!/usr/bin/env python3
"""False alarms of `customhouse scan` on text that holds nothing sensitive, per 100 KB and by kind of text.

Run by `./dev bench false_alarms`. The corpus comes from Debian packages: from what is installed, and
what is not is fetched with `apt-get download` and unpacked (nothing is installed). Where that fails
(no network), the kinds that cannot be had are named and left out. Kept under build/corpus; remove that
folder to build it anew. Exit status 1 if the alarms of all kinds together are 1 per 100 KB or more.

Public addresses in these texts are real ones (authors' mail in man pages and RFCs, contact lines in
licences): they are personal data and no false alarm. What is certainly such is masked beforehand: e-mail
addresses and the lines that begin with Author, Copyright or Maintainer. A value that is found several
times in one file is one alarm."""
import argparse
import collections
import gzip
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CORPUS = SOURCE / "build/corpus"
LEVELS = ["low", "medium", "high", "certain"]
BAR = 1.0  # false alarms per 100 KB
PER_KIND = 400_000  # bytes
PER_FILE = 40_000
SEED = 20261124

# kind of text: (Debian packages to fetch where the files are not installed, globs below / or below
# the unpacked package)
KINDS = {
    "C and C++": (["libssl-dev", "libboost1.81-dev"], ["usr/include/openssl/*.h", "usr/include/boost/asio/**/*.hpp", "usr/include/boost/asio/**/*.ipp"]),
    "Python": (["libpython3.11-stdlib"], ["usr/lib/python3*/*.py", "usr/lib/python3*/asyncio/*.py", "usr/lib/python3*/http/*.py"]),
    "Perl": (["perl-modules-5.36"], ["usr/share/perl/5*/**/*.pm"]),
    "JavaScript": (["node-lodash", "node-express", "npm"], ["usr/share/nodejs/**/*.js", "usr/lib/node_modules/**/*.js"]),
    "TypeScript": (["node-typescript-types", "node-undici"], ["usr/share/nodejs/**/*.d.ts", "usr/lib/node_modules/**/*.d.ts"]),
    "Go": (["golang-golang-x-net-dev"], ["usr/share/gocode/src/**/*.go"]),
    "Rust": (["librust-regex-dev", "librust-serde-dev"], ["usr/share/cargo/registry/**/*.rs"]),
    "Java": (["tomcat10-examples", "tomcat9-examples"], ["usr/share/tomcat*-examples/**/*.java", "usr/share/java/**/*.java"]),
    "Shell": ([], ["usr/bin/*.sh", "etc/init.d/*", "usr/sbin/*", "usr/share/bash-completion/completions/*", "usr/lib/git-core/git-*"]),
    "SQL": (["postgresql-15", "zabbix-sql-scripts"], ["usr/share/postgresql/15/*.sql", "usr/share/zabbix-sql-scripts/**/*.sql"]),
    "man pages": ([], ["usr/share/man/man[1578]/*.gz"]),
    "RFC texts": (["doc-rfc-std"], ["usr/share/doc/RFC/**/*.txt.gz", "usr/share/doc/RFC/**/*.txt"]),
    "change logs": ([], ["usr/share/doc/*/changelog*.gz", "usr/share/doc/*/NEWS*.gz", "usr/share/doc/*/README*"]),
    "logs": ([], ["var/log/dpkg.log*", "var/log/apt/*.log", "var/log/alternatives.log*", "var/log/bootstrap.log"]),
    "YAML and Kubernetes": (["ansible-core", "golang-k8s-sigs-structured-merge-diff-dev", "golang-k8s-kube-openapi-dev"], ["usr/share/doc/kubernetes*/**/*.yaml", "usr/lib/python3/dist-packages/ansible/**/*.yml", "usr/share/gocode/src/**/*.yaml", "usr/share/**/*.yaml", "usr/share/**/*.yml"]),
    "Terraform": (["golang-github-hashicorp-hcl-v2-dev", "golang-github-hashicorp-terraform-json-dev"], ["usr/share/gocode/src/**/*.tf", "usr/share/gocode/src/**/*.hcl", "usr/share/**/*.tf"]),
    "numbers": (["r-base-core", "gnuplot-data"], ["usr/share/gnuplot/**/*.dat", "usr/share/**/*.csv", "usr/lib/R/**/*.csv", "usr/share/unicode/*.txt", "usr/share/doc/**/*.csv"]),
    "prose English": (["fortunes", "miscfiles"], ["usr/share/games/fortunes/*[!t]", "usr/share/misc/*", "usr/share/common-licenses/*"]),
    "prose German": (["fortunes-de"], ["usr/share/games/fortunes/de/*", "usr/share/man/de/man*/*.gz"]),
    "prose French": (["fortunes-fr", "manpages-fr"], ["usr/share/games/fortunes/fr/*", "usr/share/man/fr/man*/*.gz"]),
    "prose Spanish": (["fortunes-es", "manpages-es"], ["usr/share/games/fortunes/es/*", "usr/share/man/es/man*/*.gz"]),
    "prose Italian": (["fortunes-it"], ["usr/share/games/fortunes/it/*", "usr/share/games/fortunes/*"]),
    "prose Portuguese": (["fortunes-br", "manpages-pt-br"], ["usr/share/games/fortunes/brasil", "usr/share/man/pt_BR/man*/*.gz"]),
    "prose Polish": (["fortunes-pl", "manpages-pl"], ["usr/share/games/fortunes/pl/*", "usr/share/man/pl/man*/*.gz"]),
    "prose Russian": (["fortunes-ru", "manpages-ru"], ["usr/share/games/fortunes/ru/*", "usr/share/man/ru/man*/*.gz"]),
    "prose Chinese": (["manpages-zh", "fortune-zh"], ["usr/share/man/zh_CN/man*/*.gz", "usr/share/games/fortunes/*"]),
    "prose Japanese": (["manpages-ja"], ["usr/share/man/ja/man*/*.gz"]),
}
SOURCE_CODE = ["C and C++", "Python", "Perl", "JavaScript", "TypeScript", "Go", "Rust", "Java", "Shell", "SQL"]

EMAIL = re.compile(r"[\w.+%-]+(?:@|\s?\(at\)\s?|\s?\[at\]\s?|&#64;|\\\(at)[\w.-]+")
CREDIT_LINE = re.compile(r"(?im)^.{0,12}\b(?:author|copyright|©|maintainer|written by|phone:|fax:|tel:|address:).*$")


def unpack(package, folder):
    """Downloads a package and unpacks it into `folder`. False: it could not be had."""
    with tempfile.TemporaryDirectory() as place:
        got = subprocess.run(["apt-get", "download", "-q", package], cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        archives = list(pathlib.Path(place).glob("*.deb"))
        if got.returncode != 0 or not archives:
            return False
        return subprocess.run(["dpkg-deb", "-x", archives[0], folder], stderr=subprocess.DEVNULL).returncode == 0


def read_text(path):
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, gzip.BadGzipFile):
        return ""
    if b"\0" in data[:4096]:
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def collect(root, patterns):
    files = []
    for pattern in patterns:
        try:
            files += [p for p in sorted(root.glob(pattern)) if p.is_file() and not p.is_symlink()]
        except OSError:
            pass
    random.Random(SEED).shuffle(files)
    texts, size = [], 0
    for path in files:
        text = read_text(path)[:PER_FILE]
        if len(text) < 200:
            continue
        texts.append({"id": str(path.relative_to(root)), "text": CREDIT_LINE.sub("", EMAIL.sub("somebody", text))})
        size += len(text.encode())
        if size >= PER_KIND:
            break
    return texts, size


def build(kind, download):
    """Texts of one kind: installed files, else those of packages that are fetched for it."""
    packages, patterns = KINDS[kind]
    texts, size = collect(pathlib.Path("/"), patterns)
    if size < PER_KIND // 8 and download:
        folder = CORPUS / "packages" / re.sub(r"\W+", "_", kind)
        for package in packages:
            stamp = folder / f".{package}"
            if not stamp.exists():
                folder.mkdir(parents=True, exist_ok=True)
                if not unpack(package, folder):
                    continue
                stamp.touch()
        if folder.exists():
            texts, size = collect(folder, patterns)
    return texts


def corpus(download):
    CORPUS.mkdir(parents=True, exist_ok=True)
    missing = []
    for kind in KINDS:
        path = CORPUS / (re.sub(r"\W+", "_", kind) + ".jsonl")
        if not path.exists():
            texts = build(kind, download)
            if not texts:
                missing.append(kind)
                continue
            path.write_text("".join(json.dumps(t, ensure_ascii=False) + "\n" for t in texts), encoding="utf-8")
        yield kind, path
    if missing:
        print(f"left out, neither installed nor to be had from a Debian mirror: {', '.join(missing)}", file=sys.stderr)


def measure(kind, path, options):
    with open(path, encoding="utf-8") as file:
        texts = [json.loads(line) for line in file]
    with open(path, "rb") as file:
        done = subprocess.run([options.program, "scan", "--jsonl", "--policy", options.policy], stdin=file, stdout=subprocess.PIPE, check=True)
    alarms, least, seen = [], LEVELS.index(options.level), set()
    for text, line in zip(texts, done.stdout.splitlines(), strict=True):
        data = text["text"].encode()
        for f in json.loads(line)["findings"]:
            if LEVELS.index(f["confidence"]) >= least and f["type"] not in options.ignore:
                key = (text["id"], f["type"], data[f["start"]:f["end"]])
                if key in seen:
                    continue
                seen.add(key)
                piece = lambda a, b: data[max(0, a):b].decode("utf-8", "replace").replace("\n", "⏎")
                alarms.append((f["type"], f["rule"], kind, text["id"],
                               f"…{piece(f['start'] - 50, f['start'])}[{piece(f['start'], f['end'])}]{piece(f['end'], f['end'] + 20)}…"))
    return sum(len(t["text"].encode()) for t in texts), alarms


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(SOURCE / "build/release/customhouse"))
    parser.add_argument("--policy", default=str(SOURCE / "config/policies/default.yaml"))
    parser.add_argument("--level", choices=LEVELS, default="medium")
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    parser.add_argument("--list", action="store_true", help="every alarm with its surroundings")
    parser.add_argument("--types", nargs="*", default=[], help="with --list: these types only")
    parser.add_argument("--ignore", nargs="*", default=[], help="types that do not count")
    options = parser.parse_args()
    total, everything = 0, []
    print(f"{'kind':<22}{'KB':>7}{'alarms':>8}{'per 100 KB':>12}  most")
    code_bytes = code_alarms = 0
    for kind, path in corpus(not options.offline):
        size, alarms = measure(kind, path, options)
        total += size
        everything += alarms
        if kind in SOURCE_CODE:
            code_bytes, code_alarms = code_bytes + size, code_alarms + len(alarms)
        most = "  ".join(f"{t} {n}" for t, n in collections.Counter(a[0] for a in alarms).most_common(4))
        print(f"{kind:<22}{size / 1000:>7.0f}{len(alarms):>8}{len(alarms) / max(size, 1) * 1e5:>12.2f}  {most}")
    if total == 0:
        print("no text could be had", file=sys.stderr)
        return 2
    if options.list:
        print()
        for alarm in sorted(everything):
            if not options.types or alarm[0] in options.types:
                print("  ".join(alarm))
    print("\nBy rule: " + "  ".join(f"{r} {n}" for r, n in collections.Counter(a[1] for a in everything).most_common()))
    rate = len(everything) / total * 1e5
    print(f"source code: {code_alarms / max(code_bytes, 1) * 1e5:.2f} per 100 KB")
    print(f"all: {len(everything)} in {total / 1e6:.1f} MB, {rate:.2f} per 100 KB (bar: under {BAR:g})  {'ok' if rate < BAR else 'MISSED'}")
    return 0 if rate < BAR else 1


if __name__ == "__main__":
    sys.exit(main())
