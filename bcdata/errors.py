"""Errors that a user is meant to read: one clear line that names the cause and the fix."""

from datetime import datetime


class BcdataError(Exception):
    """Base of every error that bcdata raises on purpose. Its text is shown as it stands."""


class UsageError(BcdataError):
    """What was asked for cannot be meant: unknown dataset, symbol, key or range (exit status 2)."""


class CatalogError(UsageError):
    """The catalog cannot be read as it stands; the text names file and line."""


class ClockError(BcdataError):
    """The clock says what cannot be: an instant before what was built, or one that has not come for a provider."""


class StoreError(BcdataError):
    """The store cannot be read or written: no space, no permission, or a damaged file."""


class MissingDataError(BcdataError):
    """A range was asked for that was never published, and the reader wanted to be stopped by that."""


class MissingDataWarning(UserWarning):
    """A range was asked for that was never published: less comes back than was asked for."""


class ProviderError(BcdataError):
    """A provider could not be asked, or answered with something that cannot be used."""

    def __init__(self, message: str, *, provider: str, url: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.provider = provider
        self.url = url
        self.status = status


class NotFoundError(ProviderError):
    """The provider says that there is no such object (404): not, or not yet, published."""


class UnknownSymbolError(NotFoundError):
    """The provider does not know the symbol."""


class NoDataError(ProviderError):
    """The provider has nothing in the window that was asked for."""


class OutOfDepthError(NoDataError):
    """The window lies further back than the provider reaches, or than the plan allows."""


class RateLimitedError(ProviderError):
    """The provider asks us to slow down or has banned us for a while (429, 418)."""

    def __init__(
        self, message: str, *, provider: str, url: str = "", status: int | None = None, retry_after: float
    ) -> None:
        super().__init__(message, provider=provider, url=url, status=status)
        self.retry_after = retry_after


class QuotaSpentError(ProviderError):
    """What may be asked in an hour, a day or a month has been asked; `resets_at` (UTC) is when there is more."""

    def __init__(
        self, message: str, *, provider: str, url: str = "", status: int | None = None, resets_at: datetime
    ) -> None:
        super().__init__(message, provider=provider, url=url, status=status)
        self.resets_at = resets_at


class BlockedError(ProviderError):
    """The provider refuses this place or this caller for good (451, 403): asking again is no use."""


class NotEntitledError(ProviderError):
    """The plan that the key belongs to does not include this."""


class BadKeyError(ProviderError):
    """The provider does not accept the key, or there is none."""


class BadRequestError(ProviderError):
    """The provider says that the question is wrong: a defect of bcdata, or a change of the provider's interface."""


class BadAnswerError(ProviderError):
    """What was received is not an answer to what was asked."""


class UnreachableError(ProviderError):
    """No usable answer after all retries: refused, reset, stalled, truncated or 5xx throughout."""


class DefectError(BcdataError):
    """Something happened that bcdata did not foresee; the text names where, and the log has the traceback."""
