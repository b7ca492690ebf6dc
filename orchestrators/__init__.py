"""What happens in which order. Deterministic generators without I/O, clock or SDK."""

from orchestrators.stylize import bp

__all__ = ["bp"]
