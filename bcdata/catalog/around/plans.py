"""The plans that a catalog states, and whether they let the data of a source be kept."""

from bcdata.catalog.fields import Section
from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.providers.capabilities import Plan, Source
from bcdata.providers.registry import PROVIDERS, provider_of


class ProviderEntry(Section):
    """The keys of a provider."""

    plan: str


def problem_of(provider: str, entry: ProviderEntry) -> str | None:
    """Why a provider cannot have this plan, in words; None where it can."""
    if provider not in PROVIDERS:
        return f"unknown provider {provider!r}; {choose(provider, PROVIDERS)}"
    able = [one for one in PROVIDERS[provider].sources if one.on_plan]
    if not able:
        return f"{provider} has no plans; leave it out"
    try:
        for one in able:
            assert one.on_plan is not None  # noqa: S101 # nosec B101 # just asked
            one.on_plan(entry.plan)
    except UsageError as error:
        return str(error)
    return None


def refusal_of(source: Source) -> str | None:
    """Why what the source sends may not be kept, and what would allow it; None where it may be."""
    if not source.capabilities.may_be_kept:
        return f"the terms of {source.name} do not let its data be kept"
    plan = source.plan
    if plan is None or plan.may_be_kept:
        return None
    return f"the terms of {_plan(source, plan)} do not let its data be kept ({plan.terms}); {_way_out(source)}"


def _plan(source: Source, plan: Plan) -> str:
    return f"{source.name}'s plan {plan.name!r}"


def _way_out(source: Source) -> str:
    provider = provider_of(source.name).name
    return f"with another plan, state it at the top of the catalog: providers: {{{provider}: {{plan: NAME}}}}"
