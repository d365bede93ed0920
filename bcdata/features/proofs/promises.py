"""What has to hold for every feature, as functions that raise `RefutedError` where it does not.

They take a subject: a feature, and a way to its values in a world. So the same proofs run over all registered features,
which are computed together and once a world, over planted mutants, and over a user's own. Equal means: the same bits.
"""

from datetime import datetime, timedelta

import numpy as np

from bcdata.features.proofs.bars import FLOWS, MINUTE, PRICES, QUOTE_FLOWS, at, whole_window
from bcdata.features.proofs.refuted import RefutedError, close_to, require, same_bits
from bcdata.features.proofs.subject import Subject
from bcdata.features.proofs.world import MEMBERS, REFERENCE, SYMBOL, World
from bcdata.features.table.known import known_at
from bcdata.features.table.reach import settlement_window, warm_up_window
from bcdata.windows import Window

DAY = timedelta(days=1)
OPTIONAL = frozenset({*FLOWS, "trades", "vwap"})
"""Columns that not every source of bars has."""


def inputs_unharmed(subject: Subject, world: World) -> None:
    """It writes into nothing that it reads: all features of a table look at the same arrays."""
    alone = subject.alone()
    grid, _ = alone.lab.grid(world, whole_window(world.bars))
    read = dict(grid.columns)
    if "close" in read:
        read |= {"returns": grid.returns, "log_close": grid.log_close}
    before = {name: values.copy() for name, values in read.items()}
    alone.values(world)
    harmed = [name for name, values in read.items() if not np.array_equal(values, before[name], equal_nan=True)]
    require(not harmed, f"it writes into {', '.join(harmed)}, which other features read too")


def future_cut(subject: Subject, world: World, instant: datetime) -> None:
    """Without anything from the instant on, bars before keep their values, asked for alone or with what follows."""
    window, past = whole_window(world.bars), world.cut(instant)
    expected = subject.values(world)[: at(world.bars, instant)]
    same_bits(subject.values(past, window), expected, past.bars["open_time"])
    same_bits(subject.values(past, window.until(instant)), expected, past.bars["open_time"])


def future_changed(subject: Subject, world: World, instant: datetime) -> None:
    """Whatever happens to anybody from the instant on, bars before keep their values."""
    expected = subject.values(world)[: at(world.bars, instant)]
    same_bits(subject.values(world.changed(instant))[: expected.size], expected, world.bars["open_time"])


def future_unknown(subject: Subject, world: World, instant: datetime) -> None:
    """Without anything that is not known at an instant, at whatever one, rows known by then keep their values.

    Neither bars that run on, nor settlements whose minute is not over, nor what would follow from them.
    """
    bars, past = world.bars, world.known_by(instant)
    known = known_at(bars["open_time"], bars, interval=world.interval, features=[subject.feature], around=world.around)
    rows = bars["open_time"].filter(known <= instant)
    expected = subject.values(world)[: rows.len()]
    there = subject.values(past, whole_window(bars))[past.bars["open_time"].is_in(rows.implode()).to_numpy()]
    same_bits(there, expected, rows)


def partition_alone(subject: Subject, world: World, window: Window) -> None:
    """A partition computed from its own bars and warm-up has the values of the whole history."""
    first, end = at(world.bars, window.start), at(world.bars, window.end)
    expected, opens = subject.values(world)[first:end], world.bars["open_time"][first:end]
    features = subject.lab.features
    reach = warm_up_window(window, world.interval, features)
    settled = settlement_window(window, features)
    own = world.since(reach.start, settled.start).cut(window.end)
    same_bits(subject.values(own, window), expected, opens)
    earlier = Window(window.start - DAY, window.end)
    same_bits(subject.values(world, earlier)[-expected.size :], expected, opens)


def warm_up_tight(subject: Subject, world: World) -> None:
    """With the declared warm-up there is the value; with one bar less, or its oldest missing, there is none."""
    feature, alone = subject.feature, subject.alone()
    midnight = world.bars["open_time"][0] + 2 * DAY
    first = at(world.bars, midnight)
    opened = world.bars["open_time"][_first_value(alone, world, first) + first]
    window = Window(opened, opened + MINUTE)
    expected = alone.values(world, window)
    require(bool(np.isfinite(expected).all()), "no value with all the history there is", opened)
    counted_from = midnight if feature.anchor else opened
    oldest = counted_from - feature.warm_up * MINUTE
    long_ago = world.funding["time"][0]
    enough = world.since(oldest, long_ago).cut(opened + MINUTE)
    try:
        same_bits(alone.values(enough, window), expected)
    except RefutedError as refuted:
        raise RefutedError(f"with {feature.warm_up} bars before it: {refuted}", opened) from None
    if feature.warm_up:
        less = world.since(oldest + MINUTE, long_ago).cut(opened + MINUTE)
        require(bool(np.isnan(alone.values(less, window)).all()), "a value with less than the warm-up", opened)
        hole = world.lacking(oldest).cut(opened + MINUTE)
        words = "a value though the oldest bar of its warm-up is missing: rows were taken for time"
        require(bool(np.isnan(alone.values(hole, window)).all()), words, opened)


def _first_value(subject: Subject, world: World, first: int) -> int:
    """How many bars after row `first` the feature has a value; it may be null on complete bars."""
    start = world.bars["open_time"][first]
    there = np.isfinite(subject.values(world, Window(start, start + DAY)))
    require(bool(there.any()), "no value with all the history there is", start)
    found = int(there.argmax())
    require(found == 0 or subject.feature.partial, "no value with all the history there is", start)
    return found


def defined(subject: Subject, world: World) -> None:
    """On complete bars there is no null after the warm-up, and the values are many."""
    feature, column, opens = subject.feature, subject.values(world), world.bars["open_time"]
    minutes = (opens - opens[0]).dt.total_minutes().to_numpy()
    counted = minutes - minutes % 1440 if feature.anchor else minutes
    warm = counted >= feature.warm_up
    early = np.isfinite(column) & ~warm
    require(not early.any(), "a value before the warm-up", opens[int(early.argmax())])
    nulls = np.isnan(column) & warm
    share = 1 - nulls.sum() / max(1, warm.sum())
    words = f"{nulls.sum():,} nulls after the warm-up on complete bars"
    require(not nulls.any() or (feature.partial and share > 0.2), words, opens[int(nulls.argmax())])  # noqa: PLR2004
    values = np.unique(column[warm & ~nulls]).size
    require(values >= feature.distinct, f"only {values} distinct values; it declares {feature.distinct}")


def scaled(subject: Subject, world: World) -> None:
    """Prices (with what was paid), and volumes, times 2^k scale the value by the declared degrees; others' do not."""
    feature, plain = subject.feature, subject.values(world)
    others = tuple(name for name in MEMBERS if name != SYMBOL)
    for what, symbols, names, degree in (
        ("prices", (SYMBOL,), (*PRICES, *QUOTE_FLOWS), feature.price_degree),
        ("volumes", (SYMBOL,), FLOWS, feature.volume_degree),
        ("others' prices", others, PRICES, 0.0),
    ):
        for power in (-3, 5):
            other = subject.values(world.scaled(symbols, names, 2.0**power))
            expected = plain * 2.0 ** (power * degree)
            spread = np.nanstd(expected) if np.isfinite(expected).any() else 0.0
            tolerance = feature.scale_tolerance
            try:
                close_to(other, expected, tolerance, tolerance * spread, world.bars["open_time"])
            except RefutedError as refuted:
                raise RefutedError(f"{what} times {2.0**power:g}: {refuted}", refuted.at) from None


def bounded(subject: Subject, world: World) -> None:
    """No value leaves the declared range."""
    column = subject.values(world)
    low, high = subject.feature.range or (-np.inf, np.inf)
    outside = (column < low) | (column > high)
    row = int(outside.argmax())
    require(
        not outside.any(), f"{float(column[row])!r} lies outside of [{low:g}, {high:g}]", world.bars["open_time"][row]
    )


def symbols_change_nothing(subject: Subject, world: World) -> None:
    """Members in another order change nothing; one member less only what ranks among them."""
    expected = subject.values(world)
    same_bits(subject.values(world.shuffled()), expected, world.bars["open_time"])
    fewer = subject.values(world.without(next(name for name in MEMBERS if name not in {SYMBOL, REFERENCE})))
    if subject.feature.reads("@universe"):
        require(not np.array_equal(fewer, expected, equal_nan=True), "a member less has no influence")
    else:
        same_bits(fewer, expected, world.bars["open_time"])


def inputs_matter(subject: Subject, world: World) -> None:
    """Each declared input has an influence."""
    expected = subject.values(world)
    for name in subject.feature.inputs:
        moved = subject.values(world.moved(name))
        require(not np.array_equal(moved, expected, equal_nan=True), f"{name} has no influence")


def null_by_nature(subject: Subject, world: World) -> None:
    """At a venue that lacks a column it reads it is null on every bar; what it does not read makes no difference."""
    opens = world.bars["open_time"]
    for name in sorted(OPTIONAL & subject.feature.columns):
        there = np.isfinite(subject.values(world.null_in(frozenset({name}))))
        require(not there.any(), f"a value though no bar has {name}", opens[int(there.argmax())])
    expected = subject.values(world)
    same_bits(subject.values(world.null_in(OPTIONAL - subject.feature.columns)), expected, opens)
