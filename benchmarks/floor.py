"""The floor: what reading and checking costs at the least. floor.py FOLDER SCHEMA

The bare loop: list, read, parse with PyYAML's C loader, validate with jsonschema-rs. No line
numbers, no words for what is wrong, no linting, nothing kept.
"""

from __future__ import annotations

import json
import os
import sys

import jsonschema_rs
import yaml


def main(folder: str, schema: str) -> None:
    with open(schema, encoding="utf-8") as schema_file:
        is_valid = jsonschema_rs.Draft202012Validator(json.load(schema_file)).is_valid
    for path in sorted(e.path for e in os.scandir(folder) if e.name.endswith(".yaml")):
        with open(path, "rb") as file:
            document = yaml.load(file.read(), Loader=yaml.CSafeLoader)
        if not is_valid(document):
            sys.exit(f"{path}: not valid")


if __name__ == "__main__":
    main(*sys.argv[1:])
