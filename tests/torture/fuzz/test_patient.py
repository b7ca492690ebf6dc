"""The process that hostile files are given to: its faults are told apart, and the next try works."""

from __future__ import annotations

from pathlib import Path

from tests.torture.fuzz.patient import Patient

FAULTS = {
    "raise": "KeyError",
    "abort": "SIGABRT",
    "hang": "of CPU",
    "fill": "MB",
    "mumble": "without a reason",
}


def test_every_fault_is_noticed(tmp_path: Path) -> None:
    with Patient(tmp_path, cpu_limit=3.0, peak_limit=300) as patient:
        for how, told in FAULTS.items():
            assert told in patient.attempt("misbehave", how=how).fault
            (tmp_path / "text").write_text("no film at all")
            ending = patient.attempt("film", path=str(tmp_path / "text"))
            assert (ending.end, ending.fault) == ("Refusal not-video", "")
