"""The package that docs/guides/add-a-provider.md shows, installed, and from raw to features by the real commands."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bcdata.simulate.answers import Answer
from bcdata_tests.providers.venues import Scripted

pytestmark = pytest.mark.slow
GUIDE = Path(__file__).parents[2] / "docs/guides/add-a-provider.md"
BLOCK = re.compile(r"```(toml|python|yaml)\n(.*?)```", re.DOTALL)
DAY = "2025-01-06"
KEY = "canary-4f6c1e9a7b"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package is installed, with the catalog of the guide beside it."""
    blocks = dict(BLOCK.findall(GUIDE.read_text()))
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    (source / "pyproject.toml").write_text(blocks["toml"])
    (source / "bcdata_acme.py").write_text(blocks["python"])
    (target / "catalog.yaml").write_text(blocks["yaml"])
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True, timeout=120)
    return target


class Acme:
    """What Acme answers; one minute in seven has no trade."""

    def __init__(self) -> None:
        self.authorized: list[bool] = []
        self.refusal: bytes | None = None

    def __call__(self, parameters: Mapping[str, str]) -> bytes | Answer:
        if self.refusal is not None:
            return self.refusal
        start, end = int(parameters["from"]), int(parameters["to"])
        return json.dumps([bar(at) for at in range(start, end + 60, 60) if at // 60 % 7]).encode()


def bar(at: int) -> list[float]:
    price = 100 + at // 60 % 50
    return [at, price, price + 2, price - 1, price + 1, 3]


@pytest.fixture
def acme() -> Iterator[tuple[Acme, str]]:
    answers = Acme()
    with Scripted(answers) as venue:
        yield answers, venue.url


def bcdata(package: Path, folder: Path, url: str, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """The real command in a process of its own."""
    variables = {
        **os.environ,
        "PYTHONPATH": str(package),
        "BCDATA_CATALOG": str(package / "catalog.yaml"),
        "BCDATA_ROOT": str(folder / "lake"),
        "BCDATA_STATE": str(folder / "state"),
        "DAGSTER_HOME": str(folder / "home"),
        "BCDATA_NOW": "2025-01-08T12:00:00+00:00",
        "BCDATA_ACME_URL": url,
        "ACME_API_KEY": KEY,
        "no_proxy": "127.0.0.1",
        **more,
    }
    (folder / "home").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "bcdata", *arguments]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=180, check=False)


MATERIALIZE = ("materialize", "--dataset", "acme_klines_1m", "--symbols", "ACME", "--from", DAY, "--to", DAY, "--json")


def test_the_package_of_the_guide(package: Path, acme: tuple[Acme, str], tmp_path: Path) -> None:
    _, url = acme
    done = bcdata(package, tmp_path, url, *MATERIALIZE)
    assert done.returncode == 0, done.stdout + done.stderr
    sql = 'SELECT count(*) AS bars, count(quote_volume) AS amounts, max(source) AS source FROM "acme_klines_1m"'
    [row] = json.loads(bcdata(package, tmp_path, url, "query", sql, "--json").stdout)
    start = int(datetime(2025, 1, 6, tzinfo=UTC).timestamp())
    traded = sum(1 for at in range(start, start + 86_400, 60) if at // 60 % 7)
    assert row == {"bars": traded, "amounts": 0, "source": "acme"}
    assert list((tmp_path / "lake/features/acme_klines_1m").rglob("*.parquet"))
    [acme_] = [
        one for one in json.loads(bcdata(package, tmp_path, url, "providers", "--json").stdout) if one["name"] == "acme"
    ]
    assert acme_["available"]
    assert acme_["success_24h"] == 1.0
    assert {one["window"] for one in acme_["limits"]} == {"day in America/New_York", "1 s"}
    assert_nowhere(KEY, tmp_path, done)


def test_a_spent_quota_ends_the_run_and_says_when_to_come_again(
    package: Path, acme: tuple[Acme, str], tmp_path: Path
) -> None:
    answers, url = acme
    answers.refusal = f"the daily limit of {KEY} is reached".encode()
    done = bcdata(package, tmp_path, url, *MATERIALIZE, "--until", "raw")
    assert done.returncode == 1
    assert "quota" in done.stdout + done.stderr
    assert_nowhere(KEY, tmp_path, done)


NO_PAGES: dict[str, bytes] = {
    "null": b"null",
    "nothing": b"",
    "a number": b"5",
    "an object": b'{"rows": 5}',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "a long number": b"[" + b"9" * 6000 + b"]",
}


@pytest.mark.one_in(6, slow=3)
@pytest.mark.parametrize("case", NO_PAGES)
def test_what_is_no_page_is_an_error_of_the_partition(
    package: Path, acme: tuple[Acme, str], tmp_path: Path, case: str
) -> None:
    answers, url = acme
    answers.refusal = NO_PAGES[case]
    done = bcdata(package, tmp_path, url, *MATERIALIZE, "--until", "raw")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "acme: the answer is" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "defect" not in done.stdout
    assert not list((tmp_path / "lake/raw").rglob("*.json")), "what is no page is not kept"


@pytest.mark.one_in(3, slow=2)
@pytest.mark.parametrize("rows", ['[{"t": 1}]', "[[]]", "page"])
def test_rows_that_are_none_are_not_taken_for_silence(
    package: Path, acme: tuple[Acme, str], tmp_path: Path, rows: str
) -> None:
    """Objects for rows, a row without fields, and one page for every question."""
    answers, url = acme
    start = int(datetime(2025, 1, 6, tzinfo=UTC).timestamp())
    page = json.dumps([bar(at) for at in range(start, start + 60_000, 60)])
    answers.refusal = (page if rows == "page" else rows).encode()
    done = bcdata(package, tmp_path, url, *MATERIALIZE, "--until", "merged")
    said = json.loads(done.stdout)
    [coverage] = [one["text"] for one in said["findings"] if one["rule"] == "coverage"]
    assert f"{440 if rows == 'page' else 1440} quarantined" in coverage
    assert "no_trades" not in done.stdout
    assert ("page_of_other_times" in done.stdout) == (rows == "page")


def test_a_user_in_the_address_and_a_key_in_the_header(package: Path, acme: tuple[Acme, str], tmp_path: Path) -> None:
    _, url = acme
    done = bcdata(
        package, tmp_path, url.replace("http://", "http://somebody:hunter2word@"), *MATERIALIZE, "--until", "raw"
    )
    assert done.returncode == 1
    assert "take the user and password out of BCDATA_ACME_URL" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert_nowhere("hunter2word", tmp_path, done)


BROKEN = {
    "an exit": "raise SystemExit(0)",
    "a number": "PROVIDER = 5",
    "a missing module": "import no_such_module_of_anybody",
    "an unknown capability": "import bcdata.providers.capabilities as it\nit.Capabilities(('a',), telepathy=True)",
    "the name of another": "from bcdata_acme import PROVIDER",
}


@pytest.mark.one_in(5, slow=3)
@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_package_takes_nothing_else_down(
    package: Path, acme: tuple[Acme, str], tmp_path: Path, case: str
) -> None:
    _, url = acme
    installed = tmp_path / "broken"
    (facts := installed / "broken-1.0.dist-info").mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[bcdata.providers]\nbroken = broken_one:PROVIDER\n")
    (installed / "broken_one.py").write_text(BROKEN[case])
    paths = {"PYTHONPATH": f"{package}{os.pathsep}{installed}"}
    shown = bcdata(package, tmp_path, url, "--help", **paths)
    assert shown.returncode == 0
    assert "materialize" in shown.stdout
    assert [line for line in shown.stderr.splitlines() if "warning" in line and "of broken in" in line]
    listed = json.loads(bcdata(package, tmp_path, url, "providers", "--json", **paths).stdout)
    assert {one["name"]: one["available"] for one in listed}["kraken_rest"]
    [reason] = [one["reason"] for one in listed if one["name"] == "broken"]
    assert "uninstall broken" in reason
    if case not in {"an exit", "the name of another"}:
        return  # that it is left out has been said: what goes on without it is the same
    done = bcdata(package, tmp_path, url, *MATERIALIZE, "--until", "merged", **paths)
    if case == "the name of another":
        assert done.returncode == 2
        assert "there is a provider 'acme' already" in json.loads(done.stdout)["error"]
    else:
        assert done.returncode == 0, done.stdout + done.stderr


def test_without_its_key_it_is_not_asked(package: Path, acme: tuple[Acme, str], tmp_path: Path) -> None:
    _, url = acme
    done = bcdata(package, tmp_path, url, *MATERIALIZE, ACME_API_KEY="")
    assert done.returncode == 1
    assert "ACME_API_KEY" in done.stdout + done.stderr
    listed = json.loads(bcdata(package, tmp_path, url, "providers", "--json", ACME_API_KEY="").stdout)
    (acme_rest,) = (one for one in listed if one["provider"] == "acme")
    assert not acme_rest["available"]
    assert acme_rest["reason"] == "ACME_API_KEY is not set; set ACME_API_KEY to the provider's key"


def assert_nowhere(secret: str, folder: Path, done: "subprocess.CompletedProcess[str]") -> None:
    """The secret is in no file below a folder, and in nothing that a command printed."""
    assert secret not in done.stdout + done.stderr
    holding = [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert not holding
