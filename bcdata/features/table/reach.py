"""What has to be read so that every bar of a window has its features: bars before it, and settlements."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bcdata.features.feature import SETTLEMENTS, Feature
from bcdata.features.registry import all_features
from bcdata.interval import Interval
from bcdata.windows import Window

_DAY = timedelta(days=1)


def warm_up_window(window: Window, interval: Interval, features: Sequence[Feature] | None = None) -> Window:
    """The bars to read so that every bar of the window has its features; the reference's and universe's too.

    The longest warm-up in whole UTC days or sessions, one bar more, and up to the window's end. For `1mo` the days are
    months.
    """
    reaches = {(feature.lookback, feature.warm_up) for feature in chosen(features)} or {(0, 0)}
    return Window(min(interval.before(window.start, *reach) for reach in reaches), window.end)


def settlement_window(window: Window, features: Sequence[Feature] | None = None) -> Window:
    """The settlements to read so that every bar of the window has its features; empty where none reads any."""
    days = [feature.settlement_days for feature in chosen(features) if SETTLEMENTS & set(feature.inputs)]
    if not days:
        return Window(window.start, window.start)
    return Window(_midnight(window.start) - max(days) * _DAY, window.end)


def chosen(features: Sequence[Feature] | None) -> Sequence[Feature]:
    """The features, by default all there are."""
    return all_features() if features is None else features


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
