"""Writes requirements.txt: every package that requirements.in needs, with the hashes of its wheels for this platform.

Run by hand when requirements.in or overrides.txt changes, by a Python with uv:
    pip install uv==0.13.9 && python scripts/vllm/lock.py
"""

import pathlib
import subprocess
import sys
import tempfile
import tomllib

FOLDER = pathlib.Path(__file__).parent
#: Of these the newest glibc is llguidance's.
PLATFORM = "x86_64-manylinux_2_31"
PYTHONS = ("cp311-cp311", "cp312-cp312", "cp313-cp313", "abi3", "py3-none", "py2.py3-none")
ANY = "none-any.whl"
HEADER = """\
# Made by lock.py from requirements.in and overrides.txt. Complete: to be installed with --no-deps, so that what
# overrides.txt leaves out stays out.
"""


def resolve() -> list[dict]:
    """The packages that uv finds, with their wheels, as a lock file of PEP 751 has them."""
    with tempfile.TemporaryDirectory() as folder:
        lock = pathlib.Path(folder, "pylock.toml")
        command = [
            *("uv", "pip", "compile", "--quiet", "--format", "pylock.toml", "--output-file", str(lock)),
            *("--override", str(FOLDER / "overrides.txt"), "--only-binary", ":all:"),
            *("--python-version", "3.11", "--python-platform", PLATFORM, str(FOLDER / "requirements.in")),
        ]
        subprocess.run([sys.executable, "-m", *command], check=True)
        return tomllib.loads(lock.read_text())["packages"]


def name_of(wheel: dict) -> str:
    return wheel.get("name") or wheel["url"].rsplit("/", 1)[1]


def fits(wheel: str) -> bool:
    """Whether the file is for every machine, or for Linux on x86-64 and one of PYTHONS."""
    if wheel.endswith(ANY):
        return True
    return "manylinux" in wheel and "x86_64" in wheel and any(python in wheel for python in PYTHONS)


def render(package: dict) -> str:
    hashes = sorted(wheel["hashes"]["sha256"] for wheel in package["wheels"] if fits(name_of(wheel)))
    if not hashes:
        raise SystemExit(f"{package['name']} {package['version']} has no wheel for {PLATFORM}")
    lines = [f"{package['name']}=={package['version']}", *(f"    --hash=sha256:{each}" for each in hashes)]
    return " \\\n".join(lines) + "\n"


if __name__ == "__main__":
    (FOLDER / "requirements.txt").write_text(HEADER + "".join(map(render, resolve())))
