"""What this device can do, measured in the same run: products of matrices, copying, and the way to it."""

from __future__ import annotations

from dataclasses import dataclass

from gpu.clock import seconds_each, waiting


@dataclass(frozen=True)
class Ceilings:
    """Measured rates of one device."""

    tflops: float  # 1e12 operations per second: a product of square matrices, float16 on a GPU
    gb_per_second: float  # of the device's memory: a copy, bytes read and written together
    to_device_gb: float  # from pinned memory of the host, GB/s
    from_device_gb: float


def measure(device: str, budget: float) -> Ceilings:
    """Measure `device`, "cpu" or "cuda", with torch, on random numbers, for about `budget` seconds."""
    import torch

    side, copied = (8192, 1 << 30) if device == "cuda" else (768, 1 << 25)
    kind = torch.float16 if device == "cuda" else torch.float32
    a, b = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
    product = torch.empty_like(a)
    source = torch.randint(0, 255, (copied,), device=device, dtype=torch.uint8)
    target = torch.empty_like(source)
    host = torch.empty(copied // 4, dtype=torch.uint8, pin_memory=device == "cuda")
    there = torch.empty(copied // 4, dtype=torch.uint8, device=device)
    seconds = seconds_each(
        {
            "product": lambda: torch.matmul(a, b, out=product),
            "copy": lambda: target.copy_(source),
            "to": lambda: there.copy_(host, non_blocking=True),
            "from": lambda: host.copy_(there, non_blocking=True),
        },
        waiting(device),
        budget=budget,
    )
    return Ceilings(
        2 * side**3 / seconds["product"] / 1e12,
        2 * copied / seconds["copy"] / 1e9,
        copied / 4 / seconds["to"] / 1e9,
        copied / 4 / seconds["from"] / 1e9,
    )
