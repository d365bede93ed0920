"""Every run shows that it lives before its first step does anything: a killed one is told of, whatever it was about."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bcdata.catalog import load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.dagster.build import build_defs
from bcdata.dagster.sensors.active_runs import fail_dead_runs
from bcdata.store.state.liveness import dead_runs, show_ended
from bcdata_tests.dagster.healing import HEAL, MATERIALIZE, Ward, warded

NOW = "2025-03-01"


@dg.op
def look(context: dg.OpExecutionContext) -> bool:
    """Whether the run shows that it lives, before anything of bcdata's own was called."""
    return Path(os.environ["BCDATA_ROOT"], ".state", "runs", context.run_id).exists()


@dg.job
def looking() -> None:
    look()


def looking_job() -> dg.JobDefinition:
    """A job that says nothing of its executor, as those of the sweep and of halts."""
    defs = dg.Definitions(jobs=[looking], executor=build_defs(load_catalog(PACKAGED)).executor)
    return defs.resolve_job_def("looking")


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    with warded(tmp_path, now=NOW) as ward:
        yield ward
    show_ended()


@pytest.mark.parametrize("config", [{}, {"execution": {"config": {"multiprocess": {}}}}], ids=["one", "several"])
def test_a_run_of_any_job_shows_that_it_lives_before_its_first_step(ward: Ward, config: dict[str, Any]) -> None:
    """In one process, and in several: there the one that waits for the others shows it."""
    with dg.execute_job(dg.reconstructable(looking_job), ward.instance, run_config=config) as done:
        assert done.success
        assert done.output_for_node("look") is True
        assert list(dead_runs(ward.lake.root)) == [], "its process lives"
    assert fail_dead_runs(ward.instance, ward.lake.root) == []


@pytest.mark.parametrize("job", ["verify", "find_halts", HEAL, MATERIALIZE, "__ASSET_JOB"])
def test_all_jobs_are_run_so(ward: Ward, job: str) -> None:
    assert ward.defs.resolve_job_def(job).executor_def is build_defs(load_catalog(PACKAGED)).executor
