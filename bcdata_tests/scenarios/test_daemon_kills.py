"""SIGKILL at any moment of the daemon, its code server and its runs: the lives after it heal the lake as if never.

A round is a copy of one ill lake with a new home, in which some daemons are killed; the last is left alone until all is
healed. `make campaign` kills a hundred times.
"""

import os
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from bcdata.dagster.upkeep.halts import JOB as HALTS
from bcdata.simulate import Fault
from bcdata.store.layout import PART, Partition
from bcdata.store.objects import STAGING
from bcdata.store.sealed import unseal
from bcdata.store.store import Store
from bcdata_tests.e2e.api import wait
from bcdata_tests.scenarios.ailing import WORDS, Patient, make_ill, put, zones_of
from bcdata_tests.world import World

KILLS = int(os.environ.get("BCDATA_CAMPAIGN_DAEMON_KILLS", "3"))
SEED = os.environ.get("BCDATA_CAMPAIGN_SEED", "1")
_A_ROUND = 5
_PATIENCE = 400.0
_WAITING = {dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED}
_AT_WORK = 4.0
"""Seconds that a run takes at least, more or less: REST is slow."""

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900 + 240 * KILLS)]


@dataclass
class Campaign:
    """The ill lake, what becomes of it where nobody kills, and how long that takes."""

    world: World
    ill: Path
    want: dict[str, bytes]
    seconds: float
    dice: random.Random

    def round(self, number: int, most: int) -> Counter[str]:
        """Some daemons are killed while there is work, the last one is not; what the dead ones were doing."""
        patient, died = Patient.of(self.world, self.ill, f"round-{number}"), Counter[str]()
        while died.total() < most and zones_of(patient.root) != self.want:
            died[self.die(patient, at_work=died.total() % 2 == 0)] += 1
            _check_whole(patient.root, zones_of(self.ill), self.want)
            patient.discover()
        heal(patient, self.want)
        check_end(patient, self.want)
        return died

    def die(self, patient: Patient, *, at_work: bool) -> str:
        """Killed at a moment of its life, or of the work of a run."""
        born, before = time.time(), patient.shown()
        with patient.daemon():
            if at_work:
                while time.time() < born + self.seconds and patient.shown() <= before:
                    time.sleep(0.05)
                time.sleep(self.dice.uniform(0, _AT_WORK))
            else:
                time.sleep(self.dice.uniform(0, self.seconds))
        return patient.died_while(born)


def heal(patient: Patient, want: dict[str, bytes]) -> float:
    """A life that nobody ends before no run is left to be done; the seconds after which all files were whole."""
    begun = time.monotonic()
    with patient.daemon() as daemon:
        while (found := zones_of(patient.root)) != want:
            assert daemon.is_running, daemon.output
            is_late = time.monotonic() > begun + _PATIENCE
            assert not is_late, f"not healed: {_differing(found, want)}\n{daemon.output[-3000:]}"
            time.sleep(0.5)
        took = time.monotonic() - begun
        with patient.instance() as instance:
            wait("the end of all runs", lambda: not unfinished(instance), seconds=_PATIENCE, every=0.5)
        daemon.ask_to_end()
        assert daemon.left() == []
    return took


def unfinished(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs that are queued or running; Dagster itself may lose the retry of one that has failed."""
    return [run for run in instance.get_runs() if not run.is_finished]


def check_end(patient: Patient, want: dict[str, bytes]) -> None:
    """Runs and their events can be read; the command finds nothing to do, and no staging is left."""
    with patient.instance() as instance:
        for run in instance.get_runs():
            is_left = run.job_name == HALTS and run.status in _WAITING  # every minute there is a new one
            assert run.is_finished or is_left, (run.run_id, run.status, run.tags)
            assert instance.all_logs(run.run_id), run.run_id
    ended = patient.command.run(WORDS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = zones_of(patient.root)
    assert found == want, f"other files: {_differing(found, want)}"
    staging = patient.root / STAGING
    assert not staging.exists() or list(staging.iterdir()) == []


def _differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def _check_whole(root: Path, *sound: dict[str, bytes]) -> None:
    """Whatever has its name is what it was, or what it is to be, or a whole file that was made on the way."""
    store = Store(root)
    for key, body in zones_of(root).items():
        if any(one.get(key) == body for one in sound):
            continue
        if key.endswith(".json"):
            assert unseal(body) is not None, f"not whole: {key}"
            continue
        zone, *provider, dataset, symbol, date, file = key.split("/")
        assert file == PART, f"other bytes: {key}"
        names = [one.partition("=")[2] for one in (symbol, date)]
        assert not store.damage(Partition(zone, dataset, *names, *provider), afresh=True), f"damaged: {key}"


def _campaign(world: World) -> Campaign:
    """The lake that is healed: by the command, and in the same bytes by a daemon that nobody kills."""
    put(world)
    ill = make_ill(world)
    by_command = Patient.of(world, ill, "by-command")
    ended = by_command.command.run(WORDS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    want = zones_of(by_command.root)
    world.exchange.add(Fault("/api/v3/klines", "latency", seconds=2))
    seconds = heal(Patient.of(world, ill, "unharmed"), want)
    return Campaign(world, ill, want, seconds, random.Random(SEED))


def test_killed_at_any_moment(world: World) -> None:
    campaign, died, number = _campaign(world), Counter[str](), 0
    while died.total() < KILLS:
        died += campaign.round(number, min(_A_ROUND, KILLS - died.total()))
        number += 1
        told = f"seed {SEED}, {died.total()} kills in {number} rounds, of lives of {campaign.seconds:.0f} s"
        print(f"{told}; died while: {dict(died)}")
    assert died["a run at work"] >= KILLS // 3, died
