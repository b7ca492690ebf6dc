"""Which of x264's hand-written kernels may run, so that equal frames always give equal bytes."""

from __future__ import annotations

from importlib import import_module


def reproducible_kernels() -> str:
    """Return the end of an x264 parameter list that keeps AVX-512 off; empty where the CPU has none.

    With AVX-512 x264's macroblock tree depends on memory that nobody wrote: small pictures (32x32, 48x48,
    80x64 and 96x64 were seen) get other bytes on every run. AVX2 gives what AVX and SSE4.2 give, and is as
    fast.
    """
    features: dict[str, bool] = import_module("numpy._core._multiarray_umath").__cpu_features__
    # naming a set that the CPU lacks would make x264 use it all the same
    return ":asm=AVX2" if features.get("AVX512F") and features.get("AVX2") else ""
