"""Every run shows that it lives before its first step does anything: a killed one is told of, whatever it was about."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bcdata.catalog import load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.dagster.build import build_defs
from bcdata.dagster.partitions import OWN_TAG
from bcdata.dagster.sensors.active_runs import fail_dead_runs
from bcdata.store.state.liveness import dead_runs, show_ended
from bcdata_tests.dagster.healing import HEAL, MATERIALIZE, Ward, warded

ROOT = Path(__file__).parents[2]
NOW = "2025-03-01"


@dg.op
def look(context: dg.OpExecutionContext) -> bool:
    """Whether the run shows that it lives, before anything of bcdata's own was called."""
    return Path(os.environ["BCDATA_ROOT"], ".state", "runs", context.run_id).exists()


@dg.job
def looking() -> None:
    look()


@dg.op
def die() -> None:
    """What the kernel does to a process for which there is no memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@dg.job
def dying() -> None:
    die()


def dying_job() -> dg.JobDefinition:
    defs = dg.Definitions(jobs=[dying], executor=build_defs(load_catalog(PACKAGED)).executor)
    return defs.resolve_job_def("dying")


def looking_job() -> dg.JobDefinition:
    """A job that says nothing of its executor, as those of the sweep and of halts."""
    defs = dg.Definitions(jobs=[looking], executor=build_defs(load_catalog(PACKAGED)).executor)
    return defs.resolve_job_def("looking")


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    with warded(tmp_path, now=NOW) as ward:
        yield ward
    show_ended()


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({}, id="one"),
        pytest.param({"execution": {"config": {"multiprocess": {}}}}, id="several", marks=pytest.mark.slow),
    ],
)
def test_a_run_of_any_job_shows_that_it_lives_before_its_first_step(ward: Ward, config: dict[str, Any]) -> None:
    """In one process, and in several: there the one that waits for the others shows it."""
    with dg.execute_job(dg.reconstructable(looking_job), ward.instance, run_config=config) as done:
        assert done.success
        assert done.output_for_node("look") is True
        assert list(dead_runs(ward.lake.root)) == [], "its process lives"
    assert fail_dead_runs(ward.instance, ward.lake.root) == []


DIES = """
import dagster as dg, sys
from bcdata_tests.dagster.test_alive import dying_job
with dg.DagsterInstance.get() as instance:
    dg.execute_job(dg.reconstructable(dying_job), instance, tags={sys.argv[1]: sys.argv[2], "dagster/max_retries": "0"})
"""


@pytest.mark.slow
@pytest.mark.parametrize(("tag", "is_retried"), [(OWN_TAG, "true"), ("somebody/else", "false")])
def test_a_run_of_a_command_that_is_started_again_on_the_pages_is_retried_when_it_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: str, is_retried: str
) -> None:
    """It has the tags of the command's run. Whoever says of a run of their own that it may not be, is heard."""
    root, home = tmp_path / "lake", tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("run_retries: {enabled: true, max_retries: 2}\n")
    monkeypatch.setenv("BCDATA_ROOT", str(root))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    words = [sys.executable, "-c", DIES, tag, "the ID of the command's run"]
    killed = subprocess.run(words, cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with dg.DagsterInstance.get() as instance:
        [run] = instance.get_runs()
        assert fail_dead_runs(instance, root) == [run.run_id]
        [failed] = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
        assert failed.tags["dagster/will_retry"] == is_retried


@pytest.mark.parametrize("job", ["verify", "find_halts", HEAL, MATERIALIZE, "__ASSET_JOB"])
def test_all_jobs_are_run_so(ward: Ward, job: str) -> None:
    assert ward.defs.resolve_job_def(job).executor_def is build_defs(load_catalog(PACKAGED)).executor
