"""Names as nobody should give them: for files, uploads and outputs."""

from __future__ import annotations

import random

_WHOLE: tuple[str, ...] = (
    "../../evil.mp4",
    "..\\..\\evil.mp4",
    "/etc/evil.mp4",
    "a/../../evil.mp4",
    "....//evil.mp4",
    "..json",
    "...",
    "$(touch PWNED).mp4",
    "`touch PWNED`.mp4",
    "; touch PWNED;.mp4",
    "| touch PWNED |.mp4",
    "&& touch PWNED.mp4",
    "-rf.mp4",
    "--output=PWNED.mp4",
    "-.mp4",
    "%00.mp4",
    "%2e%2e%2fevil.mp4",
    "a\nb.mp4",
    "a\rb.mp4",
    "a\tb.mp4",
    "CON.mp4",
    "nul",
    "aux.mp4",
    "clip.mp4.",
    "clip.mp4 ",
    " clip.mp4",
    ".mp4",
    "clip..mp4",
    "clip.mp4.mp4",
    "\u202egpm.4pm.mp4",
    "caf\u00e9.mp4",
    "cafe\u0301.mp4",
    "\U0001f3ac.mp4",
    "\u200b.mp4",
    "\ufeffclip.mp4",
    "'; DROP TABLE jobs; --.mp4",
    "<img src=x onerror=alert(1)>.mp4",
    "{{7*7}}.mp4",
    "${jndi:ldap://x}.mp4",
    "%s%n%d.mp4",
    "%05d.mp4",
    "[0-9].mp4",
    "*.mp4",
    "?.mp4",
    "~.mp4",
    "#clip.mp4",
    "clip#t=1.mp4",
    "clip?x=1.mp4",
    "a" * 251 + ".mp4",
    "\u00e9" * 125 + ".mp4",
    "\U0001f3ac" * 62 + ".mp4",
    "x." + "y" * 250,
    "concat:a|b.mp4",
    "file:a.mp4",
    "http:a.mp4",
    "manifest.json.mp4",
    "00000.mp4",
    "job.json",
    "cancel.json.mp4",
    "segments.mp4",
    "con\\aux.mp4",
    "C:\\evil.mp4",
    "clip.MP4",
    "CLIP.mp4",
    "clip!.mp4",
    "clip?.mp4",
    "clip_.mp4",
    "clip-.mp4",
)
_BITS: tuple[str, ...] = (
    "..",
    "/",
    "\\",
    ".",
    " ",
    "-",
    "$(touch PWNED)",
    "`id`",
    ";",
    "&",
    "|",
    "\n",
    "\t",
    "'",
    '"',
    "%2e",
    "%00",
    "%",
    "\u202e",
    "\u0301",
    "\U0001f3ac",
    "\ufffd",
    "\x7f",
    "\x01",
    "clip",
    "mp4",
    ".mp4",
    ".json",
    "*",
    "?",
    "<b>",
    "~",
    "#",
    "\u2028",
    "\u65e5\u672c",
    "CON",
    ":",
    "=",
    "@",
    "\u0000",
    "\ud800",
    "e" * 90,
)


def names(count: int, chance: random.Random) -> list[str]:
    """Return `count` different names, known ones and chance's."""
    found: list[str] = list(chance.sample(_WHOLE, min(count // 2, len(_WHOLE))))
    while len(found) < count:
        name = "".join(chance.choice(_BITS) for _ in range(chance.randint(1, 8)))
        name += chance.choice((".mp4", "", ".mov", ".mp4.json"))
        if name not in found:
            found.append(name)
    return found


def on_disk(name: str) -> bytes | None:
    """Return the name as a file of one folder may have it; None for no such."""
    found = name.replace("/", "\u2215").replace("\0", "").encode("utf-8", "replace")
    found = found.replace(b"?", b"\xff", 1) if "\ud800" in name else found
    return found if found not in (b"", b".", b"..") and len(found) <= 255 else None
