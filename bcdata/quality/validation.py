"""Pandera models: the last audit before a frame is published, always on a collected frame.

On a LazyFrame Pandera checks the schema and no data; every audit here therefore takes a DataFrame.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandera.polars as pa
import polars as pl

from bcdata.frames.schema import Type
from bcdata.quality.verdict import Finding, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that holds in every row."""

    name: str
    sound: pl.Expr


@dataclass(frozen=True, slots=True)
class Model:
    """A Pandera model twice: `quick` says in one check whether all is well, `full` says what is not; and its rules."""

    quick: pa.DataFrameSchema
    full: pa.DataFrameSchema
    rules: Mapping[str, Rule]


def audit(frame: pl.DataFrame, model: Model) -> list[Finding]:
    """Validates the frame; every broken check is a finding that costs the partition."""
    try:
        model.quick.validate(frame)
    except (pa.errors.SchemaError, pa.errors.SchemaErrors):
        return _findings(frame, model) or [Finding("schema", Severity.PARTITION, 1, "breaks the model")]
    return []


def _findings(frame: pl.DataFrame, model: Model) -> list[Finding]:
    try:
        model.full.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        named = cases.group_by("column", "check", maintain_order=True).agg(
            pl.len(), pl.col("failure_case").cast(pl.String).first()
        )
        return [
            Finding("schema", Severity.PARTITION, count, _words(frame, model, column or "", check, case))
            for column, check, count, case in named.iter_rows()
        ]
    return []


def _words(frame: pl.DataFrame, model: Model, column: str, check: str, case: str) -> str:
    """What is broken. Of a rule over rows, the first row that breaks it: when it is, and what the rule reads there."""
    rule = None if column else model.rules.get(check)
    if rule is None or frame.columns != list(model.full.columns):
        return f"{column}: {check} (e.g. {case})"
    read = rule.sound.meta.root_names() or frame.columns  # several columns at once have no names of their own
    shown = dict.fromkeys([frame.columns[0], *(name for name in frame.columns if name in read)])
    row = frame.filter(~rule.sound.fill_null(value=False)).select(*shown).row(0, named=True)
    return f"not {check}: " + ", ".join(f"{name} {value}" for name, value in row.items())


def model_of(
    schema: Mapping[str, Type],
    checks: list[Rule],
    nullable: frozenset[str] = frozenset(),
) -> Model:
    """The model of frames with these columns in this order, the nullable ones excepted without nulls.

    A null of a rule breaks it.
    """
    required = [pl.col(name).is_not_null() for name in schema if name not in nullable]
    sound = [rule.sound.fill_null(value=False) for rule in checks]
    everything, wanted = pl.all_horizontal(*required, *sound).all(), list(schema.items())

    def is_sound(data: pa.PolarsData) -> bool:
        rows = data.lazyframe
        return list(rows.collect_schema().items()) == wanted and bool(rows.select(everything).collect().item())

    return Model(
        quick=pa.DataFrameSchema(checks=pa.Check(is_sound, name="sound")),
        full=_schema({name: pa.Column(dtype, nullable=name in nullable) for name, dtype in schema.items()}, checks),
        rules={rule.name: rule for rule in checks},
    )


def _schema(columns: dict[str, pa.Column], rules: list[Rule]) -> pa.DataFrameSchema:
    checks = [
        pa.Check(lambda data, rule=rule: data.lazyframe.select(rule.sound.alias(rule.name)), name=rule.name)
        for rule in rules
    ]
    return pa.DataFrameSchema(columns, checks=checks, strict=True, ordered=True)
