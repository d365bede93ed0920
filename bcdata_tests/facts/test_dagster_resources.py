"""What runs are given in the place of a job's resources: any object, as it is, and the others stay."""

import dagster as dg


class Address(dg.ConfigurableResource[None]):
    url: str = "there"


def test_an_object_takes_the_place_of_a_resource_for_one_run() -> None:
    seen: list[object] = []

    @dg.op(required_resource_keys={"one", "other"})
    def look(context: dg.OpExecutionContext) -> None:
        seen.extend((context.resources.one, context.resources.other))

    job = dg.GraphDefinition(name="job", node_defs=[look]).to_job()
    defs = dg.Definitions(jobs=[job], resources={"one": Address(), "other": Address()})
    client = object()
    with dg.DagsterInstance.ephemeral() as instance:
        given = {"one": client}
        assert defs.resolve_job_def("job").execute_in_process(instance=instance, resources=given).success
        assert defs.resolve_job_def("job").execute_in_process(instance=instance).success
    assert seen[0] is client
    assert [type(one) for one in seen[1:]] == [Address] * 3
