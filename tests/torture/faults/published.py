"""What runs publish, and whether any did so again without need."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.torture.faults.lives import Life


@dataclass
class Published:
    """What runs have published, and what they published again without need."""

    job: str
    now: set[str] = field(default_factory=set[str])  # names of pages
    before: dict[Life, set[str]] = field(default_factory=dict[Life, set[str]])
    again: list[str] = field(default_factory=list[str])
    pages: int = 0

    def began(self, life: Life) -> None:
        """Note what was published before a process began."""
        self.before[life] = set(self.now)

    def put(self, life: Life, name: str) -> None:
        """Note a page that a process wrote."""
        if "/segments/" in name and name.endswith(".json"):
            self.pages += 1
            if name in self.before[life]:
                self.again.append(f"{life.who} painted {name} again")
            self.now.add(name)

    def gone(self, name: str) -> None:
        """Note that pages, or what they prove, are gone or damaged: painting them again is right."""
        for pages in (self.now, *self.before.values()):
            for page in [page for page in pages if page.startswith(name.removesuffix(".mp4"))]:
                pages.discard(page)
