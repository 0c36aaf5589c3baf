"""Makes do-nothing stand-ins for the NVIDIA libraries that PyPI's torch links.

PyPI's torch for Linux on x86-64 is a CUDA build: its libraries name about 15 of NVIDIA's (GBs), and the linker wants
each of them, its symbols and their versions. Without a GPU none is ever called. A stand-in defines what is wanted;
each call returns 100 (cudaErrorNoDevice), or a text where one is expected.

Usage: make_cuda_stubs.py TORCH_LIB_FOLDER          (needs gcc, and readelf and nm of binutils)
"""

import pathlib
import re
import subprocess
import sys
import tempfile

#: torch's own are libtorch*, libc10*, libcaffe2*, libshm*, libgomp*.
NVIDIA = re.compile(r"lib(cu|nv|nccl)")
RETURNS_TEXT = re.compile(r"Get(Error)?(String|Name|Status(String|Name))$|Get(Last)?ErrorString$|GetErrorName$")

#: Whose a symbol without a version is, by how it begins; the first that fits.
OWNERS = (
    ("cudnn", "libcudnn"),
    ("nccl", "libnccl"),
    ("cusparseLt", "libcusparseLt"),
    ("cuFile", "libcufile"),
    ("cupti", "libcupti"),
    ("cufft", "libcufft"),
    ("curand", "libcurand"),
    ("cusolver", "libcusolver"),
    ("cusparse", "libcusparse"),
    ("cublasLt", "libcublasLt"),
    ("cublas", "libcublas"),
    ("nvrtc", "libnvrtc"),
    ("nvshmem", "libnvshmem_host"),
    ("cuda", "libcudart"),
    ("__cuda", "libcudart"),
    ("cu", "libcuda"),
)


class Wanted:
    """What torch's libraries want of one library."""

    def __init__(self) -> None:
        self.symbols: set[str] = set()
        self.versions: set[str] = set()


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def libraries(folder: pathlib.Path) -> list[pathlib.Path]:
    """torch's own libraries; stand-ins of an earlier run are taken away."""
    found = []
    for path in sorted(folder.iterdir()):
        if NVIDIA.match(path.name):
            path.unlink()
        elif re.search(r"\.so(\.|$)", path.name) and not path.is_symlink():
            found.append(path)
    return found


def collect(paths: list[pathlib.Path]) -> dict[str, Wanted]:
    """By the name that the linker asks for, for example `libcudart.so.13`."""
    wanted: dict[str, Wanted] = {}
    for path in paths:
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", str(path))):
            if NVIDIA.match(name):
                wanted.setdefault(name, Wanted())
    by_base = {name.split(".so")[0]: name for name in wanted}
    for path in paths:
        owner_of_version = add_versions(path, wanted)
        for symbol, version in undefined_symbols(path):
            owner = owner_of_version.get(version) or owner_of(symbol, version, by_base)
            if owner is not None:
                wanted[owner].symbols.add(symbol)
    return wanted


def add_versions(path: pathlib.Path, wanted: dict[str, Wanted]) -> dict[str, str]:
    """Notes the versions that a library wants, and returns whose each is."""
    owners, library = {}, None
    for line in run("readelf", "-V", "-W", str(path)).splitlines():
        if match := re.search(r"File: (\S+)", line):
            library = match.group(1)
        elif (match := re.search(r"Name: (\S+)", line)) and library in wanted:
            owners[match.group(1)] = library
            wanted[library].versions.add(match.group(1))
    return owners


def undefined_symbols(path: pathlib.Path):
    for line in run("nm", "-D", "--undefined-only", "--with-symbol-versions", str(path)).splitlines():
        symbol, _, version = line.split()[-1].replace("@@", "@").partition("@")
        yield symbol, version


def owner_of(symbol: str, version: str, by_base: dict[str, str]) -> str | None:
    if version or symbol.startswith("_Z"):
        return None
    base = next((library for prefix, library in OWNERS if symbol.startswith(prefix)), None)
    return by_base.get(base or "")


def render(symbol: str) -> str:
    if RETURNS_TEXT.search(symbol):
        return f'const char *{symbol}(void) {{ return "no device"; }}\n'
    return f"long {symbol}(void) {{ return 100; }}\n"


def compile_stub(target: pathlib.Path, wanted: Wanted) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, script = pathlib.Path(folder, "stub.c"), pathlib.Path(folder, "stub.map")
        source.write_text("".join(map(render, sorted(wanted.symbols))) or "int nothing;\n")
        command = ["gcc", "-shared", "-fPIC", "-O1", "-w", "-fno-builtin", "-o", str(target), str(source)]
        command.append(f"-Wl,-soname,{target.name}")
        if wanted.versions:
            first, *others = sorted(wanted.versions)
            script.write_text(f"{first} {{ global: *; }};\n" + "".join(f"{each} {{ }};\n" for each in others))
            command.append(f"-Wl,--version-script={script}")
        subprocess.run(command, check=True)


if __name__ == "__main__":
    torch = pathlib.Path(sys.argv[1]).resolve()
    stubs = collect(libraries(torch))
    for name in sorted(stubs):
        compile_stub(torch / name, stubs[name])
    print(f"{len(stubs)} stand-ins with {sum(len(each.symbols) for each in stubs.values())} symbols")
