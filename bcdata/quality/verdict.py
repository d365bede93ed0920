"""What the audit of one partition found, as values that travel: into Parquet metadata, Dagster, the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from typing_extensions import TypedDict

SAMPLE = 5
"""So many offending rows are shown; all of them are in quarantine."""


class Severity(StrEnum):
    """What a finding costs: nothing, the row, or the partition."""

    WARN = "warn"
    ROW = "row"
    PARTITION = "partition"


class FindingRecord(TypedDict):
    """A finding as plain values."""

    rule: str
    severity: str
    count: int
    message: str
    sample: Sequence[dict[str, object]]


class VerdictRecord(TypedDict):
    """A verdict as plain values; `facts` are what a zone tells beside its findings."""

    passed: bool
    rows: int
    findings: list[FindingRecord]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that did not hold: how often, what that costs, and a few of the places."""

    rule: str
    severity: Severity
    count: int
    message: str = ""
    sample: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> FindingRecord:
        """Plain values."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "count": self.count,
            "message": self.message,
            "sample": self.sample,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings for one partition. It passes unless one of them costs the partition."""

    rows: int
    findings: tuple[Finding, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the partition may be published."""
        return all(finding.severity is not Severity.PARTITION for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings there are that cost nothing or single rows."""
        return sum(finding.severity is not Severity.PARTITION for finding in self.findings)

    def counts(self) -> dict[str, int]:
        """Findings per rule."""
        return {finding.rule: finding.count for finding in self.findings}

    def summary(self) -> str:
        """One line for people: why it failed, or what to look at."""
        by_rule: dict[str, list[Finding]] = {}
        for finding in self.findings:
            if self.passed or finding.severity is Severity.PARTITION:
                by_rule.setdefault(finding.rule, []).append(finding)
        return "; ".join(_said(rule, found) for rule, found in by_rule.items())

    def to_json(self) -> VerdictRecord:
        """Plain values, the same for the same verdict."""
        return {
            "passed": self.passed,
            "rows": self.rows,
            "findings": [finding.to_json() for finding in self.findings],
            "facts": self.facts,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Verdict":
        """Reads what `to_json` wrote."""
        findings = (
            Finding(**{**f, "severity": Severity(f["severity"]), "sample": tuple(f["sample"])})
            for f in value["findings"]
        )
        return cls(value["rows"], tuple(findings), value.get("facts", {}))

    def with_findings(self, more: Iterable[Finding]) -> "Verdict":
        """The verdict with further findings."""
        return Verdict(self.rows, (*self.findings, *more), self.facts)


def _said(rule: str, found: Sequence[Finding]) -> str:
    first = found[0].message or f"{found[0].count} rows"
    return f"{rule}: {first}" + (f" (and {len(found) - 1} more like it)" if len(found) > 1 else "")


def failed(rule: str, message: str, *, rows: int = 0) -> Verdict:
    """A verdict that holds the partition back for one reason."""
    return Verdict(rows, (Finding(rule, Severity.PARTITION, 1, message),))
