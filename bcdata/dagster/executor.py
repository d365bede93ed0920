"""How runs are executed: in one process each, unless they ask for more, and all show that they live from the start.

Commands do not go this way: their runs are executed in the command's own process.
"""

from collections.abc import Callable, Iterator
from typing import Any, cast

import dagster as dg

from bcdata.dagster.partitions import MAX_RETRIES, NO_RETRIES, OWN_TAG
from bcdata.settings import Settings
from bcdata.store.state.liveness import heartbeat

_STOCK = dg.multi_or_in_process_executor


class LivingExecutor(dg.Executor):
    """Another executor, whose runs show that they live, waiting or at work, whatever their job is.

    Dagster does not publish the types of what is handed on.
    """

    def __init__(self, inner: dg.Executor) -> None:
        self._inner = inner

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        """Runs the steps."""
        heartbeat(Settings().root, plan_context.run_id)
        _allow_retries(plan_context.instance, plan_context.dagster_run)
        yield from self._inner.execute(plan_context, execution_plan)

    @property
    def retries(self) -> Any:
        """How steps are tried again."""
        return self._inner.retries

    @property
    def step_dependency_config(self) -> Any:
        """What steps wait for."""
        return self._inner.step_dependency_config


def _allow_retries(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Takes back that the daemon may not start a run again, where that is the tag of a command's run before it.

    Dagster gives a run that is started again on its pages the tags of the first.
    """
    if OWN_TAG in run.tags and run.tags.get(MAX_RETRIES) == NO_RETRIES:
        instance.add_run_tags(run.run_id, {MAX_RETRIES: str(instance.run_retries_max_retries)})


def _create(context: dg.InitExecutorContext) -> LivingExecutor:
    create = cast("Callable[[dg.InitExecutorContext], dg.Executor]", _STOCK.executor_creation_fn)
    return LivingExecutor(create(context))


executor = dg.ExecutorDefinition(
    name="in_process_or_multiprocess",
    config_schema=dg.Field(_STOCK.config_schema.as_field().config_type, default_value={"in_process": {}}),
    requirements=_STOCK.get_requirements,
    executor_creation_fn=_create,
    description="All steps in the run's own process, which shows that it lives; or each in a process of its own.",
)
