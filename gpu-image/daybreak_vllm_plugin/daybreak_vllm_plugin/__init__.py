"""A plugin of vLLM that keeps attention in bfloat16 off the AMX kernel of the CPU build.

With vLLM 0.32.0 on a CPU with AMX, greedy text in bfloat16 was wrong: transformers in bfloat16, vLLM in float32 and
vLLM in bfloat16 with the kernel `vec` agree with each other and not with the kernel `amx`. `vec` is as fast there.
Nothing is touched on another platform. The engine host asks `keeps_off_amx()`, so that a vLLM in which the kernel is
chosen elsewhere is found by name and not by its answers.
"""

import functools
import logging

logger = logging.getLogger(__name__)

#: What chooses a kernel: in this module of vLLM, by the name that it returns.
MODULE = "vllm.v1.attention.backends.cpu_attn"
CHOOSER = "_get_attn_isa"
WRONG, RIGHT = "amx", "vec"
_MARK = "_daybreak_keeps_off_amx"


def _module():
    """The module that chooses; None on a platform that has none of these kernels."""
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return None
    import importlib

    return importlib.import_module(MODULE)


def register() -> None:
    """Called by vLLM in each of its processes, possibly several times."""
    module = _module()
    if module is None or keeps_off_amx():
        return
    choose = getattr(module, CHOOSER, None)
    if choose is None:
        logger.warning("%s has no %s: cannot keep bfloat16 off the AMX kernel", MODULE, CHOOSER)
        return

    @functools.wraps(choose)
    def choose_right(*args, **named):
        kernel = choose(*args, **named)
        return RIGHT if kernel == WRONG else kernel

    setattr(choose_right, _MARK, True)
    setattr(module, CHOOSER, choose_right)


def keeps_off_amx() -> bool:
    """Whether no attention of this process runs on AMX; also True where vLLM has no CPU backend."""
    module = _module()
    return module is None or getattr(getattr(module, CHOOSER, None), _MARK, False)
