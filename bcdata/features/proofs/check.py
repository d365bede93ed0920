"""All proofs by name, what each failure means, and how a feature fares in them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from bcdata.features.feature import Feature
from bcdata.features.proofs import promises
from bcdata.features.proofs.bars import START
from bcdata.features.proofs.corners import limits_hold, seed_forgotten
from bcdata.features.proofs.instants import CALM_CUTS, WILD_CUTS, anywhere, eventful
from bcdata.features.proofs.promises import DAY
from bcdata.features.proofs.refuted import RefutedError
from bcdata.features.proofs.subject import ProofRunner, Subject
from bcdata.features.proofs.world import World, calm, wild
from bcdata.windows import Window

MONTH = Window(START + 3 * DAY, START + 5 * DAY)
ODD = Window(START + timedelta(hours=53, minutes=7), START + timedelta(hours=87, minutes=31))
LONGEST = 3 * 1440
"""A warm-up in bars that the made-up history can hold."""


class Proof(NamedTuple):
    """One proof: what is tried, and what to do where it fails."""

    run: Callable[[Subject], None]
    fix: str


_PAST = "read bars up to the bar itself only: no shift(-n), no centred window, no statistic of the whole column"
_GRID = "let nothing depend on where the data begin: use the functions of bcdata.features.rolling with first=bars.first"
_WARM = "declare the bars that the value needs before its own bar, no more and no less, and give null without them"
_DEFINED = "declare warm_up, distinct= (it has few levels) or partial=True (it can be null on complete bars)"
_LIMITS = "declare limits=, as at_least(2) for a window that needs two bars: see bcdata.features.parameters"
_SEED = 'declare limits={"length": run(alpha)}: the bars within which a recursion of that alpha forgets its seed'
_RANGE = "declare the range that the formula has, or clip in the formula"
_SCALE = "declare price_degree, volume_degree and scale_tolerance: 0 for ratios, 1 for prices"
_INPUTS_SHARED = "write into arrays of your own only: x = x * 2, not x *= 2"
_NATURE = "give NaN where something that is read is NaN: no default, no 0 for what a venue does not have"
_INPUTS = "declare exactly the inputs that are read"


def _changed(subject: Subject, world: World, cuts: Sequence[datetime]) -> None:
    for instant in cuts:
        promises.future_changed(subject, world, instant)


def _unknown(subject: Subject, world: World) -> None:
    for instant in anywhere(world, 3):
        promises.future_unknown(subject, world, instant)


PROOFS: dict[str, Proof] = {
    "inputs": Proof(lambda one: promises.inputs_matter(one, calm()), _INPUTS),
    "inputs unharmed": Proof(
        lambda one: promises.inputs_unharmed(one, calm(1)), "copy before you write: x = x * 2, not x *= 2"
    ),
    "null by nature": Proof(lambda one: promises.null_by_nature(one, wild()), _NATURE),
    "future cut": Proof(lambda one: promises.future_cut(one, calm(), CALM_CUTS[0]), _PAST),
    "future cut, hostile bars": Proof(lambda one: promises.future_cut(one, wild(), WILD_CUTS[0]), _PAST),
    "future changed": Proof(lambda one: _changed(one, calm(), CALM_CUTS), _PAST),
    "future changed, hostile bars": Proof(lambda one: _changed(one, wild(), [*WILD_CUTS, *eventful(wild())]), _PAST),
    "future unknown": Proof(lambda one: _unknown(one, calm()), _PAST),
    "future unknown, hostile bars": Proof(lambda one: _unknown(one, wild()), _PAST),
    "partition alone": Proof(lambda one: promises.partition_alone(one, calm(), MONTH), _GRID),
    "partition alone, hostile bars": Proof(lambda one: promises.partition_alone(one, wild(), MONTH), _GRID),
    "partition of odd length": Proof(lambda one: promises.partition_alone(one, wild(), ODD), _GRID),
    "warm-up tight": Proof(lambda one: promises.warm_up_tight(one, calm()), _WARM),
    "defined": Proof(lambda one: promises.defined(one, calm()), _DEFINED),
    "parameters": Proof(lambda one: limits_hold(one, calm(3)), _LIMITS),
    "seed forgotten": Proof(lambda one: seed_forgotten(one, calm()), _SEED),
    "bounded": Proof(lambda one: promises.bounded(one, calm()), _RANGE),
    "bounded, hostile bars": Proof(lambda one: promises.bounded(one, wild()), _RANGE),
    "scaled": Proof(lambda one: promises.scaled(one, calm()), _SCALE),
    "scaled, hostile bars": Proof(lambda one: promises.scaled(one, wild()), _SCALE),
    "symbols": Proof(lambda one: promises.symbols_change_nothing(one, calm()), "look at symbols by name, not by place"),
    "symbols, hostile bars": Proof(
        lambda one: promises.symbols_change_nothing(one, wild()), "look at symbols by name, not by place"
    ),
}


@dataclass(frozen=True, slots=True)
class Result:
    """How one feature fared in one proof.

    Attributes:
        why: what was seen; empty where the proof holds.
        at: the open of the first bar of the made-up market that shows it (UTC), where one does.
        fix: what to do.
    """

    feature: str
    proof: str
    why: str = ""
    at: datetime | None = None
    fix: str = ""

    @property
    def holds(self) -> bool:
        """Whether the proof holds."""
        return not self.why


def check(features: Sequence[Feature]) -> Iterator[Result]:
    """Puts each feature, alone, through every proof. One whose code raises fails that proof.

    Raises:
        ValueError: a warm-up is longer than the made-up history.
    """
    for feature in features:
        if feature.warm_up > LONGEST:
            raise ValueError(f"{feature.name}: a warm-up of {feature.warm_up:,} bars; proofs reach {LONGEST:,}")
        subject = Subject(feature, ProofRunner([feature]))
        for name, proof in PROOFS.items():
            yield _tried(subject, name, proof)


def _tried(subject: Subject, name: str, proof: Proof) -> Result:
    feature = subject.feature.name
    try:
        proof.run(subject)
    except RefutedError as refuted:
        return Result(feature, name, str(refuted), refuted.at, proof.fix)
    except KeyError as error:
        return Result(feature, name, f"it reads {error}, which is not there", fix=_INPUTS)
    except Exception as error:  # noqa: BLE001 - a user's code may raise anything
        return Result(feature, name, f"it raises {type(error).__name__}: {error}", fix="fix the code")
    return Result(feature, name)
