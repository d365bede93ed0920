"""Files of settlements and of hours that tests write into an archive."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bcdata_tests.mirror import Mirror, zipped

HOUR = timedelta(hours=1)


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def every(hours: int, start: datetime, end: datetime) -> list[datetime]:
    """Instants from the start on, so many hours apart, before the end."""
    return [start + at * hours * HOUR for at in range(-(-(end - start) // (hours * HOUR)))]


def put_settlements(
    mirror: Mirror, symbol: str, month: str, times: Sequence[datetime], *, rate: str = "0.0001", hours: int = 8
) -> None:
    rows = "".join(f"{ms(at) + 3},{hours},{rate}\n" for at in times)
    name = f"{symbol}-fundingRate-{month}"
    body = zipped(f"{name}.csv", f"calc_time,funding_interval_hours,last_funding_rate\n{rows}".encode())
    mirror.put(f"data/futures/um/monthly/fundingRate/{symbol}/{name}.zip", body)


def put_hours(mirror: Mirror, symbol: str, opens: Sequence[datetime]) -> None:
    """A day's file of hours."""
    name = f"{symbol}-1h-{opens[0]:%Y-%m-%d}"
    rows = "".join(f"{ms(at)},1,1,1,1,1,{ms(at) + 3_599_999},1,1,1,1,0\n" for at in opens)
    mirror.put(f"data/futures/um/daily/klines/{symbol}/1h/{name}.zip", zipped(f"{name}.csv", rows.encode()))
