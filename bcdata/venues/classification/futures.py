"""Contracts of futures by month codes, options by the OCC's rule, and identifiers."""

import re
from dataclasses import replace
from datetime import date
from typing import Literal

from bcdata.venues.classification.kinds import MONTHS, Classified, month_of

_CODES = f"[{MONTHS}]"
_CONTRACT = re.compile(rf"(?P<root>[A-Z0-9]{{1,4}}?)(?P<code>{_CODES})(?P<year>\d{{4}}|\d{{2}}|\d)", re.ASCII)
_LISTED = re.compile(rf"(?P<contract>[A-Z0-9]{{1,4}}?{_CODES}\d\d)\.(?P<suffix>[A-Z]{{3}})", re.ASCII)
_CASH = re.compile(r"(?P<root>[A-Z0-9]{1,4})Y00", re.ASCII)
_NEAREST = re.compile(r"(?P<root>[A-Z0-9]{1,4})\*(?P<number>\d{1,2})", re.ASCII)
_FRONT = re.compile(r"(?P<root>[A-Z0-9]{1,4})=F", re.ASCII)
_CONTRACT_MONTH = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])00", re.ASCII)
_OPTION = re.compile(r"(?:O:)?(?P<root>[A-Z]{1,6}\d?) *(?P<on>\d{6})(?P<right>[CP])(?P<strike>\d{8})", re.ASCII)
_FIGI = re.compile(r"BBG[BCDFGHJKLMNPQRSTVWXYZ0-9]{8}\d", re.ASCII)
YAHOO = {"CBT": "XCBT", "CME": "XCME", "CMX": "XCEC", "NYB": "IFUS", "NYM": "XNYM"}
"""Exchanges of futures by Yahoo's suffix."""
_CENTURY_TURNS = 50
"""Years of two digits from here on are those of the last century."""
_THOUSANDTHS = 1000
_LETTERS_FROM = 55
"""`A` counts ten."""


def contract(text: str, on: date | None) -> Classified | None:
    """`ESZ2025`, `ESZ25`, or `ESZ5`, whose year depends on the date: the first one that is not over on that date."""
    match = _CONTRACT.fullmatch(text)
    if match is None:
        return None
    root, code, digits = match["root"], match["code"], match["year"]
    if len(digits) == 1:
        if on is None:
            return Classified("future", "a year of one digit needs a date", root=root)
        year = _first_year(int(digits), MONTHS.index(code) + 1, on)
    else:
        year = int(digits) if len(digits) == len("2025") else _of_two_digits(int(digits))
    symbol = f"{root}{code}{year:04}"
    return Classified("future", "root, month code, year", symbol, root=root, expiry=month_of(code, year))


def listed(text: str) -> Classified | None:
    """`GCJ25.CMX`: a contract and, by its suffix, its exchange."""
    match = _LISTED.fullmatch(text)
    found = contract(match["contract"], None) if match and match["suffix"] in YAHOO else None
    return found and match and replace(found, exchange=YAHOO[match["suffix"]])


def cash(text: str) -> Classified | None:
    """`ESY00`: what the future is about."""
    match = _CASH.fullmatch(text)
    return match and Classified("index", "Y00 is the cash price", f"{match['root']}Y00", root=match["root"])


def continuous(text: str) -> Classified | None:
    """`ES=F` and `ES*1`: whichever contract is the nearest at the time."""
    match = _FRONT.fullmatch(text) or _NEAREST.fullmatch(text)
    return match and Classified("future", "the nearest contract", root=match["root"], contract="continuous")


def contract_month(text: str) -> Classified | None:
    """`20240300`: a month of contracts; files name the instrument elsewhere."""
    match = _CONTRACT_MONTH.fullmatch(text)
    return match and Classified("future", "year, month, no day", expiry=f"{match['year']}-{match['month']}")


def option(text: str) -> Classified | None:
    """`AAPL230616C00150000`, with or without `O:`, or padded to six letters: root, date, right, thousandths."""
    match = _OPTION.fullmatch(text)
    if match is None:
        return None
    on = match["on"]
    try:
        expiry = date(2000 + int(on[:2]), int(on[2:4]), int(on[4:]))
    except ValueError:
        return None
    right: Literal["call", "put"] = "call" if match["right"] == "C" else "put"
    return Classified(
        "option",
        "the OCC's root, date, right and price",
        f"{match['root']}{on}{match['right']}{match['strike']}",
        root=match["root"],
        expiry=expiry.isoformat(),
        right=right,
        strike=int(match["strike"]) / _THOUSANDTHS,
    )


def figi(text: str) -> Classified | None:
    """`BBG000B9XRY4`: an identifier, with its check digit; it is no symbol."""
    if not _FIGI.fullmatch(text):
        return None
    if _check_digit(text[:11]) != int(text[11]):
        return Classified("unknown", "an identifier (FIGI) whose check digit is wrong")
    return Classified("unknown", "an identifier (FIGI), and no symbol", figi=text)


def _check_digit(text: str) -> int:
    """Every second character counts twice; digits of all are summed up (openfigi.com, Allocation rules)."""
    values = (int(one) if one.isdigit() else ord(one) - _LETTERS_FROM for one in text)
    doubled = (value * (1 + at % 2) for at, value in enumerate(values))
    return -sum(value // 10 + value % 10 for value in doubled) % 10


def _of_two_digits(digits: int) -> int:
    return digits + (1900 if digits >= _CENTURY_TURNS else 2000)


def _first_year(digit: int, month: int, on: date) -> int:
    """The first year that ends so and whose month is not over."""
    first = on.year if month >= on.month else on.year + 1
    return first + (digit - first) % 10
