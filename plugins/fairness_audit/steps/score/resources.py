"""How much a candidate's artifact may use while it scores."""

from dataclasses import asdict, dataclass

_GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Bounds of one scoring; what exceeds one is refused, never waited for.

    ``seconds`` is wall time, ``cpu_seconds`` processor time of all threads, of which there may be
    ``threads``; ``memory_bytes`` is address space (libraries count too), ``file_bytes`` the size
    of any file that is written, ``home_bytes`` that of all of them together.
    """

    seconds: int = 900
    cpu_seconds: int = 1800
    threads: int = 1024
    memory_bytes: int = 8 * _GIB
    file_bytes: int = _GIB
    home_bytes: int = _GIB

    def as_json(self) -> dict[str, int]:
        """The bounds as the child is told them."""
        return asdict(self)
