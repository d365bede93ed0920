"""Variants against a feature's own past: brute force, the proofs, and what is clipped."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from bcdata.features.feature import Feature
from bcdata.features.normalise import rank, z_score
from bcdata.features.proofs import promises
from bcdata.features.proofs.bars import ONE_MINUTE, START, hostile, whole_window
from bcdata.features.proofs.promises import DAY
from bcdata.features.proofs.subject import ProofRunner, Subject
from bcdata.features.proofs.world import calm, wild
from bcdata.features.registry import all_features
from bcdata.features.selection import Variants, select
from bcdata.features.table.compute import compute, compute_counted
from bcdata.features.table.grid import FloatArray, Grid, lag
from bcdata.windows import Window

N = 200
PLAIN = {feature.name: feature for feature in all_features()}
BASES = [PLAIN[name] for name in ("log_ret_1", "ret_vol_z", "close_loc", "intraday_ret", "rsi_14", "beta_btc_240")]
VARIANTS = [variant for base in BASES for variant in (z_score(base, N), rank(base, N))]
LAB = ProofRunner(VARIANTS)
every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)


def test_they_say_what_brute_force_says() -> None:
    bars = hostile(3)
    base = PLAIN["log_ret_1"]
    table = compute(
        bars,
        window=whole_window(bars),
        interval=ONE_MINUTE,
        features=[base, z_score(base, N, tail=0.05), rank(base, N)],
    )
    series = dict(zip(bars["open_time"], table["log_ret_1"], strict=True))
    checked = 0
    for row in table.sample(250, seed=0).iter_rows(named=True):
        past = [series.get(row["open_time"] - back * timedelta(minutes=1)) for back in range(N, 0, -1)]
        there = np.array([one for one in past if one is not None])
        if past[0] is None or there.size < 0.9 * N or row["log_ret_1"] is None:
            assert row[f"log_ret_1_z_{N}"] is None
            assert row[f"log_ret_1_rank_{N}"] is None
            continue
        checked += 1
        place = (there < row["log_ret_1"]).mean() + (there == row["log_ret_1"]).mean() / 2
        assert row[f"log_ret_1_rank_{N}"] == pytest.approx(place, abs=1e-12)
        assert place == pytest.approx(stats.percentileofscore(there, row["log_ret_1"], "mean") / 100)
        if there.std() == 0:
            assert row[f"log_ret_1_z_{N}"] is None
            continue
        held = np.clip(row["log_ret_1"], *np.quantile(there, [0.05, 0.95]))
        assert row[f"log_ret_1_z_{N}"] == pytest.approx((held - there.mean()) / there.std(ddof=1), rel=1e-9)
    assert checked > 100


def test_what_is_clipped_is_counted_and_the_raw_value_kept() -> None:
    bars = hostile(3)
    base = PLAIN["log_ret_1"]
    one_sided, bounded = z_score(PLAIN["rv_60"], N), z_score(PLAIN["close_loc"], N)
    features = [base, z_score(base, N, tail=0.05), rank(base, N), one_sided, bounded]
    table, clipped = compute_counted(bars, window=whole_window(bars), interval=ONE_MINUTE, features=features)
    alone = compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=[base])
    assert table["log_ret_1"].equals(alone["log_ret_1"])
    assert list(clipped) == [f"log_ret_1_z_{N}", f"rv_60_z_{N}"]
    known = table[f"log_ret_1_z_{N}"].count()
    assert 0.05 * known < clipped[f"log_ret_1_z_{N}"] < 0.2 * known


@every_variant
def test_keeps_the_promises_of_features(variant: Feature) -> None:
    subject, cut = Subject(variant, LAB), START + timedelta(hours=90, minutes=13)
    for world in (calm(), wild()):
        promises.future_cut(subject, world, cut)
        promises.future_changed(subject, world, cut)
        promises.bounded(subject, world)
        promises.scaled(subject, world)
        promises.partition_alone(subject, world, Window(START + 3 * DAY, START + 5 * DAY))
    values = subject.values(calm())
    assert np.isfinite(values[-1440:]).all()
    alone = Subject(variant, ProofRunner([variant]))
    promises.partition_alone(alone, wild(), Window(START + timedelta(hours=80), START + timedelta(hours=100)))


@every_variant
def test_statistics_of_the_whole_history_or_of_the_bar_itself_are_caught(variant: Feature) -> None:
    def of_all(_: Feature, values: FloatArray, __: Grid) -> FloatArray:
        return values - float(np.nanmean(values))

    def ahead(_: Feature, values: FloatArray, __: Grid) -> FloatArray:
        return -lag(-values[::-1], 1)[::-1]

    cut = START + timedelta(hours=90, minutes=13)
    for mutation in (of_all, ahead):
        with pytest.raises(AssertionError):
            promises.future_cut(Subject(variant, LAB, mutation), calm(), cut)


def test_the_bar_itself_is_no_part_of_its_past() -> None:
    bars = calm(2).bars
    row = 2000
    spike = pl.when(pl.int_range(pl.len()) >= row).then(pl.col("close") * 1.3).otherwise(pl.col("close"))
    variant = z_score(replace(PLAIN["log_ret_1"], range=(-1.0, 1.0)), N)
    window = whole_window(bars)
    calm_z, wild_z = (
        compute(frame, window=window, interval=ONE_MINUTE, features=[variant])[variant.name]
        for frame in (bars, bars.with_columns(close=spike))
    )
    assert calm_z[:row].equals(wild_z[:row])
    assert wild_z[row] > 300  # over the deviation of the past; with itself in it, it could not exceed √N


def test_selection_follows_the_registry_and_puts_variants_beside_their_feature() -> None:
    names = [
        one.name for one in select(["gap", "log_ret_1"], {}, {"log_ret_1": Variants(z=60, rank=90), "gap": Variants()})
    ]
    assert names == ["log_ret_1", "log_ret_1_z_60", "log_ret_1_rank_90", "gap"]
    assert select() == all_features()
    (changed,) = select(["ret_vol_z"], {"ret_vol_z": {"n": 30}})
    assert changed.warm_up == 31
