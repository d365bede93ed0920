"""The exchangeInfo answer: which symbols there are, and what the server allows. Pure."""

from datetime import UTC, datetime
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from bcdata.providers.roles import ExchangeInfo, SymbolInfo

_MINUTE = ("REQUEST_WEIGHT", "MINUTE", 1)
_YEAR_3000 = 32_503_680_000_000
_PLAUSIBLE_WEIGHT = range(100, 1_000_001)
"""What a market may allow a minute; 1,200 to 6,000 so far. A limit below the cost of a call would stop all for good."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Limit(_Model):
    type: str = Field(default="", alias="rateLimitType")
    interval: str = ""
    number: int = Field(default=0, alias="intervalNum")
    limit: int = 0


class _Symbol(_Model):
    symbol: str
    status: str = Field(validation_alias=AliasChoices("status", "contractStatus"))
    base: str = Field(alias="baseAsset")
    quote: str = Field(alias="quoteAsset")
    contract_type: str | None = Field(default=None, alias="contractType")
    contract_size: float | None = Field(default=None, alias="contractSize", gt=0)
    onboard_date: int | None = Field(default=None, alias="onboardDate", ge=0, le=_YEAR_3000)
    delivery_date: int | None = Field(default=None, alias="deliveryDate", ge=0, le=_YEAR_3000)


class _Answer(_Model):
    limits: list[_Limit] = Field(default=[], alias="rateLimits")
    symbols: list[_Symbol]


def read_exchange_info(body: bytes) -> ExchangeInfo:
    """Reads the answer of any of the three markets.

    Raises:
        ValueError: it is none; the text says what is wrong with it.
    """
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        first: Any = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None
    if not answer.symbols:
        raise ValueError("it lists no symbol at all")  # else every symbol would count as delisted
    stated = [one.limit for one in answer.limits if (one.type, one.interval, one.number) == _MINUTE]
    allowed = [limit for limit in stated if limit in _PLAUSIBLE_WEIGHT]
    return ExchangeInfo(tuple(_info(one) for one in answer.symbols), min(allowed, default=None))


def _info(one: _Symbol) -> SymbolInfo:
    return SymbolInfo(
        symbol=one.symbol,
        status=one.status,
        base=one.base,
        quote=one.quote,
        contract_type=one.contract_type or None,
        contract_size=one.contract_size,
        onboard_date=_instant(one.onboard_date),
        delivery_date=_instant(one.delivery_date),
    )


def _instant(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)
