"""Candles with volume and gaps, as an altair chart."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from bcdata.api import arguments
from bcdata.api.gaps import gaps
from bcdata.api.instants import asked_range
from bcdata.api.lake import catalog_of
from bcdata.api.lists import intervals
from bcdata.api.load import load
from bcdata.catalog import Catalog, Dataset
from bcdata.errors import UsageError
from bcdata.interval import Interval
from bcdata.pictures.palette import STATUSES
from bcdata.venues.calendar import bar_end

if TYPE_CHECKING:
    import altair as alt

_MOST = 750
"""Candles that a chart shows: more could not be told apart."""
_UP, _DOWN = "#26a269", "#c01c28"
_PRICES, _VOLUMES = 0.75, 0.2
"""Parts of the height."""


def plot(
    dataset: str,
    symbol: str,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    interval: str | None = None,
    width: int = 760,
    height: int = 420,
    missing: str = "warn",
    root: str | Path | None = None,
    catalog: Catalog | None = None,
) -> "alt.VConcatChart":
    """Candles of one symbol with their volume; where bars are missing the chart is shaded, with the reason at hand.

    Args:
        dataset: its name; its rows are bars.
        symbol: one.
        start: the first instant, included, as in `load`.
        end: the instant before which bars open, itself left out.
        interval: the length of the candles; if None the shortest of which no more than 750 are shown.
        width: of the chart, in pixels.
        height: of the chart, in pixels.
        missing: as in `load`.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Returns:
        A chart, which notebooks show; `chart.save("btc.png")`, `.svg`, `.html` and `.json` write it.

    Raises:
        UsageError: altair is not installed, there is no such dataset or symbol, or there are no bars in the range.
        StoreError: a file is damaged.

    Examples:
        >>> bcdata.plot("spot_klines_1m", "BTCUSDT", "2023-03-20", "2023-03-27")
    """
    try:
        import altair as alt
    except ImportError:
        raise UsageError('altair is not installed; install it with: pip install "bcdata[plots]"') from None
    arguments.text("symbol", symbol, "one symbol")
    source = catalog_of(catalog)[arguments.text("dataset", dataset, "the name of a dataset")]
    lake: dict[str, Any] = {"root": root, "catalog": catalog}
    if interval is not None:
        arguments.text("interval", interval, "a length such as 15m, 1h or 1d")
    width, height = (int(arguments.number(name, one)) for name, one in (("width", width), ("height", height)))
    length = Interval.parse(interval or _fitting(source, symbol, start, end, lake))
    bars = load(dataset, symbol, start, end, interval=length.name, missing=missing, **lake)
    if bars.is_empty():
        raise UsageError(f"there are no bars of {symbol} in {dataset} from {start} to {end}")
    shown = bars.select(
        "open_time", "open", "high", "low", "close", "volume",
        end=bar_end(length),
        change=pl.when(pl.col("close") < pl.col("open")).then(pl.lit("down")).otherwise(pl.lit("up")),
    )  # fmt: skip
    lacking = _lacking(gaps(dataset, symbol, start, end, **lake), source, shown)
    return _chart(alt, shown, lacking, f"{symbol}, {dataset}, {length.name} (UTC)", (width, height))


def _fitting(source: Dataset, symbol: str, start: Any, end: Any, lake: dict[str, Any]) -> str:
    """The shortest interval of which there are not too many candles in the range."""
    own = source.bar_interval
    (first, last), _ = asked_range(start, end)
    if first is None or last is None:
        opens = load(source.name, symbol, start, end, columns=[], missing="ignore", **lake)["open_time"]
        first, last = first or opens.min(), last or opens.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return own.name
    names = intervals(source.name, catalog=lake["catalog"])["interval"].to_list()
    lengths = [Interval.parse(name) for name in names]
    fitting = [one.name for one in lengths if one.length is not None and (last - first) / one.length <= _MOST]
    return fitting[0] if fitting else lengths[-1].name


def _lacking(runs: pl.DataFrame, source: Dataset, shown: pl.DataFrame) -> pl.DataFrame:
    """Runs of missing bars within what is shown, with the end of their last one."""
    first, last = shown["open_time"].min(), shown["end"].max()
    return (
        runs.filter(pl.col("status") != "refilled")
        .select("start", "bars", "status", "evidence", until=bar_end(source.bar_interval, "end"))
        .filter(pl.col("start") < last, pl.col("until") > first)
        .with_columns(pl.max_horizontal("start", pl.lit(first)), pl.min_horizontal("until", pl.lit(last)))
    )


def _chart(
    altair: Any, bars: pl.DataFrame, lacking: pl.DataFrame, title: str, size: tuple[int, int]
) -> "alt.VConcatChart":
    width, height = size
    time = altair.X("open_time:T", title=None, scale=altair.Scale(type="utc"))
    colour = altair.Color("change:N", scale=altair.Scale(domain=["up", "down"], range=[_UP, _DOWN]), legend=None)
    tips = [
        "open_time:T",
        *(altair.Tooltip(f"{name}:Q", format=",") for name in ("open", "high", "low", "close", "volume")),
    ]
    of_bars = altair.Chart(bars)
    price = altair.Scale(zero=False)
    wicks = of_bars.mark_rule().encode(
        x=time, y=altair.Y("low:Q", title="price", scale=price), y2="high:Q", color=colour, tooltip=tips
    )
    bodies = of_bars.mark_bar(size=max(1, 0.7 * width / bars.height)).encode(
        x=time, y=altair.Y("open:Q", scale=price), y2="close:Q", color=colour, tooltip=tips
    )
    there = [status for status in STATUSES if status in set(lacking["status"])]
    colours = altair.Scale(domain=there, range=[STATUSES[status].colour for status in there])
    reasons = altair.Color("status:N", title="missing", scale=colours)
    shades = altair.Chart(lacking).mark_rect(opacity=0.5).encode(
        x=altair.X("start:T", scale=altair.Scale(type="utc")), x2="until:T", color=reasons,
        tooltip=["start:T", "until:T", "bars:Q", "status:N", "evidence:N"],
    )  # fmt: skip
    candles = [shades, wicks, bodies] if lacking.height else [wicks, bodies]
    volume = of_bars.mark_bar(size=max(1, 0.7 * width / bars.height), opacity=0.6).encode(
        x=time,
        y=altair.Y("volume:Q", title="volume", axis=altair.Axis(format="~s", tickCount=3)),
        color=colour,
        tooltip=tips,
    )
    above = (
        altair.layer(*candles)
        .resolve_scale(color="independent")
        .properties(width=width, height=int(height * _PRICES), title=title)
    )
    below = volume.properties(width=width, height=int(height * _VOLUMES))
    return cast("alt.VConcatChart", altair.vconcat(above, below).resolve_scale(x="shared"))
