"""No secret leaves in a message, whatever text it hides in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.alerts.redact import BLOT, redact, secrets_of

words = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=8, max_size=30)


@given(secret=words, before=st.text(max_size=40), after=st.text(max_size=40))
def test_the_value_of_a_secret_variable_is_never_in_a_message(secret: str, before: str, after: str) -> None:
    secrets = secrets_of({"YAHOO_API_KEY": secret, "HOME": "/home/somebody"})
    assert secret not in redact(f"{before}{secret}{after}", secrets).replace(BLOT, "")


@given(user=words, token=words)
def test_no_part_of_a_channels_address_is_in_a_message(user: str, token: str) -> None:
    url = f"slack://{user}:{token}@host/{token}/path"
    told = redact(f"could not tell {url} because {token} of {user}:{token} is wrong", secrets_of({}, [url]))
    assert token not in told


def test_what_looks_like_a_secret_is_one_even_if_nobody_said_so() -> None:
    text = (
        "GET https://me:pass@host/x?symbol=BTCUSDT&apiKey=abc&signature=0f0f failed; Authorization: Bearer abc.def-ghi"
        " (token=xyz, password: 'hunter2')"
    )
    assert redact(text) == (
        f"GET https://{BLOT}@host/x?symbol=BTCUSDT&apiKey={BLOT}&signature={BLOT} failed;"
        f" Authorization: Bearer {BLOT} (token={BLOT}, password: '{BLOT}')"
    )


def test_words_that_people_need_stay() -> None:
    text = "spot_klines_1m BTCUSDT 2023-03: held back: bad_share: 7 of 100 rows; https://host/data?symbol=BTCUSDT"
    assert redact(text, secrets_of({"BCDATA_ROOT": "spot_klines_1m", "SHORT_KEY": "rows"})) == text


def test_the_longer_secret_goes_first() -> None:
    """Blotting out a part of it would leave the rest."""
    secrets = secrets_of({"A_KEY": "abcdef", "B_KEY": "abcdefghi"})
    assert redact("abcdefghi", secrets) == BLOT


@pytest.mark.parametrize("user", ["me:pass", "me:pa@ss", "m@e:p@ss", "token"])
def test_all_before_the_last_at_of_an_address_is_blotted_out(user: str) -> None:
    text = redact(f"GET https://{user}@host/a@b and ftp://{user}@other")
    assert text == f"GET https://{BLOT}@host/a@b and ftp://{BLOT}@other"
