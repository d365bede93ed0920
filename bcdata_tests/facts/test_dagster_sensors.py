"""What the sensors rely on: several jobs for one sensor, and a warning that nobody can help."""

import dagster as dg
import pytest


@dg.op(required_resource_keys={"lake"})
def nothing() -> None:
    """Does nothing; its jobs are given their resources by the definitions."""


def test_a_sensor_with_several_jobs_loads_and_warns_of_an_argument_that_dagster_gives_itself() -> None:
    """When this fails, the filter in `bcdata.dagster.build` can go."""
    jobs = [dg.GraphDefinition(name=name, node_defs=[nothing]).to_job() for name in ("one", "other")]

    @dg.sensor(jobs=jobs)
    def sensor() -> dg.SensorResult:
        return dg.SensorResult(run_requests=[dg.RunRequest(job_name="other")])

    defs = dg.Definitions(jobs=jobs, sensors=[sensor], resources={"lake": 1})
    with pytest.warns(dg.BetaWarning, match="Parameter `owners`"):
        repository = defs.get_repository_def()
    assert [target.job_name for target in repository.get_sensor_def("sensor").targets] == ["one", "other"]
    assert defs.get_repository_def() is repository
