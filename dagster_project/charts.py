"""Charts into files: what all pictures of Omnivue have in common. What is drawn is said where it is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

FORMATS = ("svg", "png", "html")
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
INK = "#22262b"
SOFT = "#5a6068"


class ChartError(ValueError):
    """A chart that cannot be drawn; the message says why and what to do."""


def save(chart: alt.TopLevelMixin, file: Path) -> None:
    """Draw a chart in the house's style into an SVG, PNG or HTML file, for its owner alone (mode 0600). The HTML needs
    no network. Raises ChartError when the file's ending is another or its folder is missing."""
    kind = file.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise ChartError(f"{file}: charts are .{', .'.join(FORMATS)}, by the file's ending")
    if not file.parent.is_dir():
        raise ChartError(f"{file}: there is no folder {file.parent}")
    chart = chart.configure(font=FONT, padding=24).configure_view(stroke=None)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    options: dict[str, Any] = {"inline": True} if kind == "html" else {"scale_factor": 2}
    chart.save(str(file), format=kind, **options)  # type: ignore[arg-type]
