"""Judges a published output independently: pyarrow reads every part, and the manifest's rows, sizes and SHA-256 hold.

usage: check_output.py FOLDER; prints {"problems": [...]}.
"""

import hashlib
import json
import pathlib
import sys

import pyarrow.parquet

MANIFEST = "_manifest.json"


def judge_part(folder: pathlib.Path, part: dict) -> list[str]:
    path = folder / part["name"]
    if not path.is_file():
        return [f"{part['name']}: the manifest names it, and it is not there"]
    data = path.read_bytes()
    found = {
        "rows": pyarrow.parquet.read_table(path).num_rows,
        "sizeBytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return [
        f"{part['name']}: {name} is {value}, the manifest says {part[name]}"
        for name, value in found.items()
        if part[name] != value
    ]


def judge_output(folder: pathlib.Path) -> list[str]:
    if not (folder / MANIFEST).is_file():
        return [f"no {MANIFEST} in {folder}"]
    parts = json.loads((folder / MANIFEST).read_text())["parts"]
    named = {part["name"] for part in parts}
    there = {path.name for path in folder.iterdir() if path.name[0] not in "._"}
    strangers = [f"{name}: it is there, and the manifest does not name it" for name in sorted(there - named)]
    return strangers + [problem for part in parts for problem in judge_part(folder, part)]


print(json.dumps({"problems": judge_output(pathlib.Path(sys.argv[1]))}))
