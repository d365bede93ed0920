"""The catalogs of Dagster's tests."""

from bcdata_tests.dagster.conftest import lake as lake  # noqa: PLC0414 (a fixture)
from bcdata_tests.dagster.conftest import packaged as packaged  # noqa: PLC0414 (a fixture)
from bcdata_tests.dagster.conftest import small as small  # noqa: PLC0414 (a fixture)
