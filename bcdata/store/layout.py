"""Where things lie: `<zone>/[<provider>/]<dataset>/symbol=<SYMBOL>/date=<KEY>/<file>`."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

PART = "part-0.parquet"
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """One symbol and one date key of one asset (`provider` is None from merged on)."""

    zone: str
    dataset: str
    symbol: str
    date: str
    provider: str | None = None

    @property
    def prefix(self) -> str:
        """The key prefix of the partition's files, hive style, the symbol percent-escaped."""
        return f"{dataset_prefix(self.zone, self.dataset, self.provider)}{self.tail}"

    @property
    def tail(self) -> str:
        """The part of the prefix that symbol and date make."""
        return f"symbol={escape(self.symbol)}/date={self.date}/"

    def key(self, file: str = PART) -> str:
        """The key of one of the partition's files."""
        return self.prefix + file

    def in_zone(self, zone: str, provider: str | None = None) -> "Partition":
        """The same symbol and date in another zone."""
        return Partition(zone, self.dataset, self.symbol, self.date, provider)

    def __str__(self) -> str:
        """Words for messages: `spot_klines_1m BTCUSDT 2023-01`."""
        return f"{self.dataset} {self.symbol} {self.date}"


@dataclass(frozen=True, slots=True, order=True)
class Table:
    """A frame of no single symbol: the universe of a market, the halts of a venue. `prefix` is its folder."""

    prefix: str

    def key(self, file: str = PART) -> str:
        """The key of one of the table's files."""
        return self.prefix + file

    def __str__(self) -> str:
        """Words for messages: `universe/spot`."""
        return self.prefix.rstrip("/")


def universe_table(market: str) -> Table:
    """Where a market's symbols stand, and what was known of them when: `universe/<market>/`."""
    return Table(f"universe/{market}/")


def halts_table(dataset: str, date: str) -> Table:
    """Where the halts of a dataset's venue stand: `halts/<dataset>/date=<KEY>/`."""
    return Table(f"halts/{dataset}/date={date}/")


def dataset_prefix(zone: str, dataset: str, provider: str | None = None) -> str:
    """The key prefix under which all partitions of an asset lie."""
    return f"{zone}/{provider}/{dataset}/" if provider else f"{zone}/{dataset}/"


@lru_cache(maxsize=1 << 14)
def escape(symbol: str) -> str:
    """A symbol as one safe path segment: everything but letters, digits, `_` and `-` is percent-encoded."""
    return quote(symbol, safe="").replace(".", "%2E").replace("~", "%7E")


def is_date(text: str) -> bool:
    """Whether it has the form of a date key, of a day or a month."""
    return _DATE.fullmatch(text) is not None


def symbol_and_date(key: str) -> tuple[str, str] | None:
    """Reads symbol and date back from a key; None where the key is no partition's.

    It is one only in the way in which keys are made: what a copy put into a partition's folder, or under another
    spelling of a symbol, belongs to none.
    """
    *above, left, right, _ = ["", "", *key.split("/")]
    symbol, date = unquote(left.removeprefix("symbol=")), right.removeprefix("date=")
    if left != f"symbol={escape(symbol)}" or right != f"date={date}" or not is_date(date):
        return None
    return None if any(one.startswith(("symbol=", "date=")) for one in above) else (symbol, date)
