"""Tables of what was measured and projected, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from scaling.constants import SOURCES, Constants
from scaling.films import Film, FrameCost
from scaling.here import Workers
from scaling.nodes import Node
from scaling.projection import Projection, efficiency, project

SHOWN = (1, 2, 5, 10, 20, 50, 100)
GOAL, GOAL_NODES = 0.9, 20


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; all columns but the first are right-aligned."""
    lines = [titles, ["---", *(["--:"] * (len(titles) - 1))], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def frames_table(costs: Mapping[int, FrameCost]) -> str:
    """What one frame takes by height."""
    rows = [
        [
            f"{height}p",
            *(f"{1e3 * part:.1f}" for part in (c.decode, c.model, c.encode, c.total)),
            f"{c.painted_bytes / 1e3:.0f}",
        ]
        for height, c in costs.items()
    ]
    return table(["frame", "decode ms", "model ms", "encode ms", "CPU ms", "painted kB"], rows)


def workers_table(found: Sequence[Workers], price: float, cores: float) -> str:
    """Real runs; `price` in USD per hour of a node with as many `cores` as this machine."""
    rows: list[list[object]] = []
    for one in found:
        first = next(run for run in found if run.height == one.height and run.workers == 1)
        usd = one.cpu_per_thousand / cores * price / 3600
        share = first.wall_seconds / (one.workers * one.wall_seconds)
        cells = [f"{one.height}p, {one.frames} frames", one.workers, f"{one.wall_seconds:.1f}"]
        rows.append(
            [
                *cells,
                f"{share:.2f}",
                f"{one.cpu_per_thousand:.1f}",
                f"{usd:.4f}",
                f"{one.start_cpu_seconds:.2f}",
            ]
        )
    return table(
        ["clip", "workers", "wall s", "T1/(n Tn)", "CPU s per 1,000", "USD per 1,000", "once, CPU s"], rows
    )


def projections(
    film: Film, cost: FrameCost, node: Node, constants: Constants, *, cold: bool
) -> list[Projection]:
    """Return the film on each number of nodes that is shown."""
    return [project(film, cost, node, nodes, constants, cold=cold) for nodes in SHOWN]


def cost_of(projection: Projection, node: Node) -> float:
    """Return USD for the nodes; app and storage are not counted."""
    return projection.node_seconds / 3600 * node.price


def projection_table(film: Film, cost: FrameCost, nodes: Sequence[Node], constants: Constants) -> str:
    """Time, efficiency and cost against nodes: nodes up, and in brackets a cluster that grows from none."""
    rows: list[list[object]] = []
    for node in nodes:
        warm = projections(film, cost, node, constants, cold=False)
        cold = projections(film, cost, node, constants, cold=True)
        both = list(zip(warm, cold, strict=True))
        lines = {
            "minutes": [f"{w.seconds / 60:.1f} ({c.seconds / 60:.1f})" for w, c in both],
            "T1/(n Tn)": [_shares(warm[0], w, cold[0], c) for w, c in both],
            "batches": [str(w.batches) for w in warm],
            "USD": [f"{cost_of(w, node):.2f} ({cost_of(c, node):.2f})" for w, c in both],
        }
        rows.extend([node.name, name, *line] for name, line in lines.items())
    return table([film.name, "", *(str(n) for n in SHOWN)], rows)


def _shares(first: Projection, warm: Projection, first_cold: Projection, cold: Projection) -> str:
    return f"{efficiency(first, warm):.2f} ({efficiency(first_cold, cold):.2f})"


def steps_table(film: Film, cost: FrameCost, nodes: Sequence[Node], constants: Constants) -> str:
    """Where the time goes on the goal's number of nodes, seconds."""
    found = [project(film, cost, node, GOAL_NODES, constants, cold=True) for node in nodes]
    rows = [
        [node.name, *(f"{s:.0f}" for s in p.steps.values()), f"{p.seconds:.0f}"]
        for node, p in zip(nodes, found, strict=True)
    ]
    return table([f"{film.name}, {GOAL_NODES} nodes", *found[0].steps, "sum"], rows)


def constants_table(constants: Constants) -> str:
    """Every constant with where it comes from."""
    rows = [
        [name, f"{getattr(constants, name):.4g}", kind, source] for name, (kind, source) in SOURCES.items()
    ]
    return table(["constant", "value", "", "from"], rows)


def gains_table(film: Film, found: Mapping[str, Mapping[str, Sequence[Mapping[str, float]]]]) -> str:
    """What fixes would give, by node, as `scaling.fixes.Gain` as dictionaries under "fixes"."""
    rows = [
        [
            node if not place else "",
            gain["name"],
            f"{gain['seconds'] / 60:.1f}",
            f"{gain['efficiency']:.2f}",
            gain["most_nodes"],
        ]
        for node, numbers in found.items()
        for place, gain in enumerate(numbers["fixes"])
    ]
    best = f"most nodes at {GOAL}"
    return table([film.name, "", f"minutes on {GOAL_NODES}", "T1/(n Tn)", best], rows)


def check_table(one: float, rows: Sequence[Mapping[str, float]]) -> str:
    """Predictions beside what the app did on the stand-in; the job on one node took `one` seconds."""
    cells = [
        [
            r["nodes"],
            r["runs"],
            f"{r['seconds']:.1f}",
            f"{r['predicted']:.1f}",
            f"{100 * (r['predicted'] / r['seconds'] - 1):+.0f} %",
            f"{r['blind']:.1f}",
        ]
        for r in rows
    ]
    titles = ["nodes", "runs", "seconds seen", "predicted, its steps known", "error", "predicted blind"]
    return table(titles, [[1, "", f"{one:.1f}", "", "", ""], *cells])
