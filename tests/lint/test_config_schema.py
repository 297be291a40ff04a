#!/usr/bin/env python3
"""The JSON Schema accepts the shipped configuration and judges the samples as the loader does
(tests/unit/app/config_test.cc judges the same files)."""
import json
import pathlib
import sys

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "tests/unit/app/config"


class Yaml12Loader(yaml.SafeLoader):
    """YAML 1.2 as the loader reads it: true and false only, no base-60 numbers, no dates."""


Yaml12Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp",
                           "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def resolve(tag, pattern, firsts):
    import re
    Yaml12Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), firsts)


resolve("bool", r"^(true|false)$", list("tf"))
resolve("int", r"^-?(0|[1-9][0-9]*)$", list("-0123456789"))


def main():
    schema = json.loads((ROOT / "config/schema/customhouse.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)

    def accepts(path):
        return validator.is_valid(yaml.load(path.read_text(), Yaml12Loader))

    expected = [(ROOT / "config/customhouse.yaml", True)]
    expected += [(p, True) for p in sorted((SAMPLES / "good").glob("*.yaml"))]
    expected += [(p, False) for p in sorted((SAMPLES / "bad").glob("*.yaml"))]
    # Faults that a schema cannot express: it must not claim them either.
    expected += [(p, True) for p in sorted((SAMPLES / "bad_loader_only").glob("*.yaml"))]
    wrong = [(p, want) for p, want in expected if accepts(p) != want]
    for path, want in wrong:
        print(f"{path.relative_to(ROOT)}: schema says {'bad' if want else 'good'}")
    print(f"{len(expected)} configurations, {len(wrong)} judged otherwise")
    return 1 if wrong or len(expected) < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
