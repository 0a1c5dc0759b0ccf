"""How charts look: colours and type, on light and on dark paper."""

from dataclasses import dataclass, fields

LETTER = 6.4  # a safe width in pixels for one letter of 12 pixel type
TYPE = 12


@dataclass(frozen=True, kw_only=True)
class Look:
    """Colours and type of a chart. All colours differ, so that a page may exchange them by value.

    ``series`` are for lines to be told apart, also by colour-blind people: hues in the manner of
    Okabe and Ito, taken so dark (or light) that text in them stands out from ``paper`` 4.5 to 1.
    """

    ink: str = "#1c1b19"
    muted: str = "#66625b"
    quiet: str = "#b8b3aa"
    grid: str = "#e6e3dd"
    paper: str = "#fefefe"
    accent: str = "#b3361b"
    tint: str = "#dfa797"
    rise: str = "#00619f"
    series: tuple[str, ...] = ("#c04000", "#005fa8", "#00704f", "#94337a", "#7a5c00", "#3f51c9")
    font: str = "Helvetica Neue, Arial, sans-serif"

    def colours(self) -> dict[str, str]:
        """Return each colour by name; the series are ``series-1``, ``series-2`` and so on."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        del named["font"]
        return {f"series-{i}": hue for i, hue in enumerate(named.pop("series"), 1)} | named


LIGHT = Look()
DARK = Look(
    ink="#eceae5",
    muted="#aaa59c",
    quiet="#66625b",
    grid="#33312e",
    paper="#1b1a18",
    accent="#ff8b68",
    tint="#8f4d3a",
    rise="#66b8ff",
    series=("#ff9160", "#62b4fc", "#3ecf9e", "#ee90d2", "#e2bc4a", "#a5afff"),
)
