"""Bars of how fast events become files: an SVG drawing that looks well on light and dark pages."""
import targets

CONTESTANTS = [
    ("exportd", "exportd"), ("duckdb", "DuckDB"), ("clickhouse", "ClickHouse local"),
    ("duckdb-typed", "DuckDB, typed columns"), ("clickhouse-typed", "ClickHouse local, typed columns"),
    ("sqlite3", "sqlite3 shell"), ("python", "Python"), ("python-typed", "Python and pyarrow, typed columns")]
WIDTH, LEFT, RIGHT, BAR, GAP, BETWEEN, TOP = 860, 250, 150, 16, 4, 16, 74
STYLE = """
  .page { fill: #ffffff } text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600 } .format { font-weight: 600 } .quiet { fill: #59636e }
  .ours { fill: #0f766e } .theirs { fill: #a8b3bf } .line { stroke: #d1d9e0 }
  .target { stroke: #b42318; stroke-width: 2 } .us { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 } .quiet { fill: #9198a1 } .ours { fill: #2dd4bf } .theirs { fill: #57606a }
    .line { stroke: #3d444d } .target { stroke: #ff7b72 }
  }
"""


def drawn(figures, size):
    """The drawing of one size: a group for each format, a bar for each contestant, a mark where the target lies."""
    found = figures["speed"][size]
    rate = {format: [(label, int(size) / times[name]["seconds"], name) for name, label in CONTESTANTS if name in times]
            for format, times in found.items()}
    limits = {}
    for format in found:
        if format == "xml" or "duckdb" in found[format]:
            each = [target.allowed for target in targets.of_speed(figures, size)
                    if target.unit == "s" and target.name.split(",")[0] == targets.LABELS[format]]
            if each:
                limits[format] = int(size) / min(each)
    most = max([value for bars in rate.values() for _, value, _ in bars] + list(limits.values()))
    step = tick(most)

    def x(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * value / most
    parts, y = [], TOP + 10
    for format, bars in rate.items():
        top = y
        parts.append(f'<text class="format" x="16" y="{y + 13}">{targets.LABELS[format]}</text>')
        for label, value, name in bars:
            ours = name == "exportd"
            y += BAR + GAP
            parts.append(f'<text class="{"us" if ours else "them"}" x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{label}</text>')
            parts.append(f'<rect class="{"ours" if ours else "theirs"}" x="{LEFT}" y="{y}" width="{x(value) - LEFT:.1f}" '
                         f'height="{BAR}" rx="2"/>')
            times = found[format][name]
            # Beside the mark of the target, should the bar end just there.
            end = max(x(value), x(limits[format]) if ours and format in limits and abs(x(limits[format]) - x(value)) < 60 else 0)
            parts.append(f'<text class="{"us" if ours else "quiet"}" x="{end + 6:.1f}" y="{y + 13}">'
                         f'{times["seconds"]:.2f} s</text>')
        if format in limits:
            row = top + BAR + GAP
            parts.append(f'<line class="target" x1="{x(limits[format]):.1f}" x2="{x(limits[format]):.1f}" y1="{row - 2}" '
                         f'y2="{row + BAR + 2}"/>')
        y += BAR + GAP + BETWEEN
    grid = []
    value = 0
    while value <= most:
        grid.append(f'<line class="line" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{TOP}" y2="{y}"/>')
        grid.append(f'<text class="quiet" x="{x(value):.1f}" y="{TOP - 6}" text-anchor="middle">{value:,}</text>')
        value += step
    height = y + 14
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="Events a second, by format and program">', f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>',
        f'<text class="title" x="16" y="28">Events a second: {int(size):,} of them from SQLite to files, two cores</text>',
        '<text class="quiet" x="16" y="48">'
        'Longer is faster; the line at a bar of exportd is its target, of several the strictest</text>',
        *grid, *parts, "</svg>", ""])


def tick(most):
    """A round distance between lines, of which at most six fit."""
    step = 1
    while most / step > 6:
        step *= 10
    for divisor in (5, 2):
        if most / (step / divisor) <= 6:
            return int(step // divisor)
    return step
