"""What numba keeps of kernels outlives a release: what is of no more use must not be in the way of the next one."""

import pickle
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from bcdata.features.kernels import forget_unreadable

MODULE = """
from typing import NamedTuple
import numpy as np
from bcdata.features.kernels import compiled

class {name}(NamedTuple):
    values: np.ndarray

@compiled
def total(one):
    return one.values.sum()

def run():
    return total({name}(np.ones(3)))
"""


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import of_a_release as one; print(one.run())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_kernels_of_a_release_that_named_its_classes_otherwise_are_compiled_again(tmp_path: Path) -> None:
    module = tmp_path / "of_a_release.py"
    module.write_text(MODULE.format(name="Before"))
    assert _run(tmp_path).stdout == "3.0\n"
    assert list((tmp_path / "__pycache__").glob("of_a_release.total-*.nbi")), "nothing is kept, so this proves nothing"
    module.write_text(MODULE.format(name="After"))
    done = _run(tmp_path)
    assert done.stdout == "3.0\n", done.stderr


def test_what_can_be_read_stays(tmp_path: Path) -> None:
    index = tmp_path / "kernels.total-1.py311.nbi"
    index.write_bytes(pickle.dumps(numba.__version__) + pickle.dumps(((0.0, 1), {})))
    cut = tmp_path / "kernels.total-2.py311.nbi"
    cut.write_bytes(index.read_bytes()[:-3])
    forget_unreadable(tmp_path, "kernels.total")
    assert index.exists()
    assert not cut.exists()
