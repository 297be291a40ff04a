"""What the lint checks share: the C++ files of the program, comments and literals blanked."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("gateway", "policy", "audit", "local_model")

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\s\\]{0,16})\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def cpp_files(folders=ROOMS):
    """Paths relative to ROOT, sorted."""
    return sorted(p.relative_to(ROOT) for folder in folders
                  for p in (ROOT / folder).rglob("*") if p.suffix in (".h", ".cc"))


def blank(text):
    """Comments and literals replaced by spaces: lines and columns stay."""
    return TOKEN.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def includes(path):
    """(line number, "quoted" or <angle> name) of every #include."""
    pattern = re.compile(r'^\s*#\s*include\s*(["<][^">]+[">])')
    for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
        match = pattern.match(line)
        if match:
            yield number, match.group(1)


def report(name, faults, looked_at):
    for fault in faults:
        print(fault)
    print(f"{name}: {looked_at} files, {len(faults)} faults")
    return 1 if faults or looked_at == 0 else 0
