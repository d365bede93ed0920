"""Makes docs/reference/features.md out of the registry, and a sheet of plots a family out of real minutes.

Run it from the project's root: python docs/reference/features.py [FOLDER], the folder being one of archived minutes,
`binance_vision`; without it the plots are left as they are.
"""

# ruff: noqa: INP001 (a script beside its page)

import re
import sys
from itertools import groupby
from pathlib import Path

from bcdata.features.feature import Feature
from bcdata.features.parameters import limits_of
from bcdata.features.registry import all_features

HERE = Path(__file__).parent
PAGE = Path(__file__).with_suffix(".md")
NOTES = HERE / "feature_notes.md"
NO_PLOT = {
    "funding_ann": "settlements of one month only are in the archive at hand",
    "funding_z_30d": "it needs settlements of 34 days",
    "funding_vs_btc": "it needs settlements of two symbols",
}
_INTRO = """\
# Features

Made by `docs/reference/features.py` out of the registry: what stands here is what is computed. {count} features in
{families} families; `bcdata features --json` has the same for machines, and [add your own](../guides/add-a-feature.md)
says how one comes to be.

**How to read it.** `o h l c` are a bar's prices, `v` its volume, `qv` its quote volume, `tb` what takers bought of it,
`r = ln(c/c[-1])`; `x[-k]` is k bars before. **Warm-up** is how many bars before its own a value needs, counted on the
clock; one said to be *before 00:00 UTC* restarts each day, so many bars before midnight. A value is **null** where
the oldest bar of its window is missing or more than a tenth of them are, where a divisor is 0, and where the formula
has no finite value; *also null* says what comes on top. Prices times 2^k give the value times 2^(price degree · k).
Parameters can be set in [the catalog](catalog.md) where the warm-up follows from them; windows are 1 to 100,000 bars
unless other **limits** are stated. Limits and ranges can depend on other parameters, and are given for those that stand
there; ranges are a little wider than their theorem has them, for the rounding.

Plots: BTCUSDT, spot, one-minute bars of January 2023 (Cross-Asset: ETHUSDT against BTCUSDT, March 2023); line: median
of two hours, band: its range, right: how values are distributed. Notes: where the catalogue that these came from was
silent or wrong, and what is done.
"""


def notes() -> dict[str, list[str]]:
    """What is to be said beyond the registry, by feature: lines "- `name`, `name`: text" of the notes."""
    found: dict[str, list[str]] = {}
    for line in NOTES.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"- ((?:`\w+`(?:, )?)+): (.+)", line):
            for name in re.findall(r"`(\w+)`", match[1]):
                found.setdefault(name, []).append(match[2])
    return found


def page() -> str:
    """The whole page."""
    features, said = all_features(), notes()
    if unknown := sorted(set(said) - {one.name for one in features}):
        raise ValueError(f"{NOTES.name} speaks of {', '.join(unknown)}, which are no features")
    families = [(family, list(members)) for family, members in groupby(features, key=lambda one: one.family)]
    parts = [_INTRO.format(count=len(features), families=len(families))]
    for family, members in families:
        parts += [f"## {family}\n", f"![{family}: plots](pictures/{_slug(family)}.png)\n"]
        parts += [_entry(feature, said.get(feature.name, [])) for feature in members]
    return "\n".join(parts).rstrip() + "\n"


def _entry(feature: Feature, said: list[str]) -> str:
    since = " before 00:00 UTC of the bar's day" if feature.anchor else ""
    low, high = feature.range or (None, None)
    bounds = "none declared" if low is None or high is None else f"[{low:.5g}, {high:.5g}]".replace("inf]", "∞)")
    rows = [
        ("formula", f"`{feature.formula}`"),
        ("source", feature.source),
        ("inputs", ", ".join(f"`{name}`" for name in feature.inputs)),
        ("warm-up", f"{feature.warm_up:,} bars{since}" + _settled(feature)),
        ("unit, range", f"{feature.unit}; {bounds}"),
        ("parameters", _parameters(feature)),
        ("limits", _limits(feature)),
        ("degrees", f"price {feature.price_degree:g}, volume {feature.volume_degree:g}"),
        ("also null", "yes, by its definition, on complete bars too" if feature.partial else ""),
        ("note", " ".join(said)),
        ("no plot", NO_PLOT.get(feature.name, "")),
    ]
    table = "\n".join(f"| {name} | {_cell(text)} |" for name, text in rows if text)
    return f"### {feature.name}\n\n{feature.description}\n\n| | |\n|---|---|\n{table}\n"


def _settled(feature: Feature) -> str:
    return f"; settlements of {feature.settlement_days} days" if feature.settlement_days else ""


def _parameters(feature: Feature) -> str:
    values = ", ".join(f"`{name}` = {value}" for name, value in feature.parameters)
    return values if not values or feature.warm_up_of is not None else f"{values} (fixed)"


def _limits(feature: Feature) -> str:
    """What the parameters may be, the others being what they are; the usual limits go without saying."""
    usual = limits_of(dict(feature.parameters), None)
    own = {name: ends for name, ends in feature.limits.items() if ends != usual[name]}
    return ", ".join(f"`{name}` {low:,.6g} to {high:,.6g}" for name, (low, high) in own.items())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _slug(family: str) -> str:
    return re.sub(r"\W+", "-", family.lower()).strip("-")


def draw(archive: Path) -> None:
    """The sheets of all families."""
    from feature_data import tables

    from bcdata.pictures.sheets import sheet

    folder = HERE / "pictures"
    folder.mkdir(exist_ok=True)
    table, crossed = tables(archive)
    for family, members in groupby(all_features(), key=lambda one: one.family):
        shown = [one for one in members if one.name not in NO_PLOT]
        source = crossed if family == "Cross-Asset" else table
        columns = {one.name: source[one.name].to_numpy() for one in shown}
        image = sheet(source["open_time"].to_numpy(), columns, {one.name: one.unit for one in shown})
        (folder / f"{_slug(family)}.png").write_bytes(image)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        draw(Path(sys.argv[1]))
    PAGE.write_text(page(), encoding="utf-8")
