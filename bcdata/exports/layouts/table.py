"""The table of layouts: one row a format of `bcdata export`."""

from bcdata.errors import UsageError
from bcdata.exports.layouts import backtesting, backtrader, freqtrade, lean, nautilus, plain, vectorbt
from bcdata.exports.layouts.layout import Label, Layout

LAYOUTS: dict[str, Layout] = {
    "csv": Layout(Label.ROWS, plain.csv_files, 2.5, takes_features=True),
    "parquet": Layout(Label.ROWS, plain.parquet_files, 0.8, takes_features=True),
    "freqtrade": Layout(Label.OPEN, freqtrade.files, 0.5),
    "backtesting": Layout(Label.KNOWN_AT, backtesting.files, 1.0, takes_features=True),
    "backtrader": Layout(Label.KNOWN_AT, backtrader.files, 1.0),
    "vectorbt": Layout(Label.KNOWN_AT, vectorbt.files, 1.0, takes_features=True, is_wide=True),
    "nautilus": Layout(Label.KNOWN_AT, nautilus.files, 1.0, is_catalog=True),
    "lean": Layout(Label.OPEN, lean.files, 0.3, by_day=lean.BY_DAY),
}
FORMATS = f"one of {', '.join(LAYOUTS)}"


def layout_of(name: str) -> Layout:
    """The layout of this name.

    Raises:
        UsageError: there is none.
    """
    if name not in LAYOUTS:
        raise UsageError(f"there is no format {name!r}; it is {FORMATS}")
    return LAYOUTS[name]
