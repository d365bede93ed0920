"""`bcdata sessions`: when a market is open, and how many bars are expected."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bcdata.cli.complete import market_or_calendar_names
from bcdata.cli.output.show import print_json
from bcdata.cli.output.tables import print_table
from bcdata.sizes import counted
from bcdata.terminal.console import out

if TYPE_CHECKING:
    import polars as pl

_DAY = timedelta(days=1)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("sessions")(sessions)


def sessions(
    calendar: Annotated[
        str,
        typer.Argument(
            metavar="MARKET",
            help="A market, e.g. us_equity, or a calendar: XNYS, XHKG, fx_ny, 24/5, 24/7.",
            autocompletion=market_or_calendar_names,
        ),
    ],
    first: Annotated[str | None, typer.Option("--from", help="First year, month or day, included.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last one, included.")] = None,
    interval: Annotated[str | None, typer.Option(help="Count the bars of this length, e.g. 1m.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many sessions a table shows; --json is always whole.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Show when a market is open.

    A row a session: its date, its open and close in UTC, and its parts where it has breaks or pauses. With an interval
    also how many bars are expected, the opens of the first and the last, and the end of that one, which may be short.
    Without a range it is this month.

    Example: bcdata sessions us_equity --from 2022-11-21 --to 2022-11-25 --interval 1h
    """
    from bcdata import clock
    from bcdata.api.markets.sessions import bars_a_year
    from bcdata.api.markets.sessions import sessions as listed
    from bcdata.windows import Grain

    if first is None and last is None:
        first = last = Grain.MONTH.key(clock.now())
    begin, end = Grain.DAY.ends(first, last)
    found = listed(calendar, begin, None if end is None else date.fromisoformat(end) + _DAY, interval=interval)
    a_year = bars_a_year(calendar, interval or "1d")
    if as_json:
        bars = None if interval is None else int(found["bars"].sum())
        summary = {"calendar": calendar, "interval": interval, "count": found.height, "bars": bars}
        print_json({**summary, "a_year": a_year, "sessions": found.to_dicts()})
        return
    rows = [{**row, "parts": _parts(row)} for row in found.head(limit).to_dicts()]
    print_table(found.columns, [list(row.values()) for row in rows], title=calendar)
    if found.height > limit:
        out.print(f"{found.height - limit:,} more; --json has all, --limit shows more", highlight=False)
    out.print(_summary(found, interval, a_year), highlight=False)


def _parts(row: dict[str, Any]) -> str:
    """`01:30-04:00, 05:00-08:00`; nothing where trading goes on from the open to the close."""
    if row["parts"] == [{"start": row["open"], "end": row["close"]}]:
        return ""
    return ", ".join(f"{one['start']:%H:%M}-{one['end']:%H:%M}" for one in row["parts"])


def _summary(found: "pl.DataFrame", interval: str | None, a_year: float) -> str:
    told = counted(found.height, "session")
    if interval is None:
        return f"{told}; {a_year:,.6g} a year"
    return f"{told}, {counted(int(found['bars'].sum()), 'bar')} of {interval}; {a_year:,.10g} bars a year"
