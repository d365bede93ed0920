"""Sources with plans: the same source on the plan of the settings, and on any other by its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from bcdata.errors import UsageError
from bcdata.net.budgets import Budget
from bcdata.providers.capabilities import Capabilities, Plan, Role, Source
from bcdata.providers.stocks.plans import PlanOf, known_name

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient

Urls = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Planned:
    """A source that is asked by windows, and the plans that there are of it.

    Attributes:
        name: of the source.
        title: of the provider, for people.
        capabilities: what it can do, whatever the plan.
        urls: gives its base addresses.
        open: makes its client on a plan.
        limits: the rates that a plan allows.
        plans: by name, the free one first.
        stated: gives the name of the plan that the settings have.
    """

    name: str
    title: str
    capabilities: Capabilities
    urls: Callable[[], Urls]
    open: "Callable[[PlanOf, HttpClient, Urls], Any]"
    limits: Callable[[PlanOf, Urls], tuple[Budget, ...]]
    plans: Mapping[str, Plan]
    stated: Callable[[], str]

    @property
    def source(self) -> Source:
        """The source on the plan of the settings; on the free one as long as these cannot be read."""
        return self._on(self._paid, self._at_first())

    def on_plan(self, name: str) -> Source:
        """The source on a plan, by its name.

        Raises:
            UsageError: there is no such plan.
        """
        try:
            plan = self.plans[known_name(name, self.plans, self.title)]
        except ValueError as error:
            raise UsageError(str(error)) from None
        return self._on(lambda: plan, plan)

    def _on(self, plan: PlanOf, known: Plan) -> Source:
        opens, allows = partial(self.open, plan), partial(self.limits, plan)
        return Source(
            self.name, Role.WINDOW, self.capabilities, self.urls, opens, allows, plan=known, on_plan=self.on_plan
        )

    def _paid(self) -> Plan:
        return self.plans[self.stated()]

    def _at_first(self) -> Plan:
        """Who asks is told of settings that cannot be read; who looks is not."""
        try:
            return self._paid()
        except UsageError:
            return next(iter(self.plans.values()))
