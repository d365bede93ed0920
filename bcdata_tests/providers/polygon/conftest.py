from bcdata_tests.providers.stocks.conftest import _drawn as _drawn  # noqa: PLC0414 (a fixture)
from bcdata_tests.providers.stocks.conftest import _keys_and_plans as _keys_and_plans  # noqa: PLC0414 (a fixture)
