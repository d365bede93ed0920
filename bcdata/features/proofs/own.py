"""A user's own features put through the proofs: a module by name, or a file, that holds a FAMILY."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

from bcdata.errors import UsageError
from bcdata.features.feature import Feature
from bcdata.features.registry import Family, all_features

_SHOWN = "a module holds `FAMILY = Family(...)` and functions under `@FAMILY.feature(...)`"


def own_features(module: str, only: str | None = None) -> tuple[Feature, ...]:
    """The features of a module's family, or one of them.

    Args:
        module: a dotted name, looked up in the working directory first, or the path of a file that ends in `.py`.
            Its code is run.
        only: a feature's name.

    Raises:
        UsageError: there is no such module, it fails on import, it has no family, or no such feature.
    """
    family = getattr(_imported(module), "FAMILY", None)
    if not isinstance(family, Family):
        raise UsageError(f"{module} has no FAMILY; {_SHOWN}")
    found = tuple(one for one in family.features.values() if only in {None, one.name})
    if not found:
        names = ", ".join(family.features) or "none"
        raise UsageError(f"{module} has no feature {only or 'at all'}; it has {names}")
    return found


def clashes(features: tuple[Feature, ...]) -> list[str]:
    """Names that other features, already registered, have too."""
    registered = {one.name: one for one in all_features()}
    return [one.name for one in features if registered.get(one.name, one) is not one]


def _imported(module: str) -> ModuleType:
    path = Path(module)
    try:
        if path.suffix == ".py":
            return _from_file(path)
        with _found_in(Path.cwd()):
            return import_module(module)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's module may raise anything when it is run
        raise UsageError(f"{module} cannot be imported: {type(error).__name__}: {error}") from None


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    module = ModuleType(f"bcdata_check_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    # Not by an import: its cached bytecode goes by the second, and who tries things saves more often.
    with _found_in(path.parent.resolve()):
        exec(compile(path.read_bytes(), path, "exec"), module.__dict__)  # noqa: S102 # nosec B102 # the user's own module
    return module


@contextmanager
def _found_in(folder: Path) -> Iterator[None]:
    """Modules of the folder can be imported inside the block, as where Python itself runs one of them."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
