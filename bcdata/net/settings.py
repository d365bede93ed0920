"""Settings of the HTTP client: `BCDATA_HTTP_...`."""

from pydantic import Field

from bcdata.settings import LayeredSettings


class HttpSettings(LayeredSettings):
    """How patiently to ask. Times are seconds. Read afresh whenever asked for: `HttpSettings()`."""

    http_attempts: int = Field(default=5, ge=1, description="attempts per request, the first included")
    http_connect_timeout: float = Field(default=10, gt=0, description="for a connection to be made")
    http_read_timeout: float = Field(default=30, gt=0, description="without a byte, before it is a stall")
    http_total_timeout: float = Field(default=600, gt=0, description="for one attempt, and for all of them")
    http_backoff: float = Field(default=0.5, ge=0, description="before the second attempt; doubles after that")
    http_backoff_max: float = Field(default=20, ge=0, description="between two attempts, at most")
    http_rate_wait: float = Field(default=120, ge=0, description="to wait when told to slow down, at most")
    http_connections: int = Field(default=16, ge=1, description="open connections per host, at most")
    http_breaker_failures: int = Field(default=5, ge=1, description="failed requests in a row that open the breaker")
    http_breaker_seconds: float = Field(default=60, gt=0, description="that an open breaker spares its host")
    http_budget_share: float = Field(default=0.8, gt=0, le=1, description="share of a provider's limit to use")
    http_redirect_hosts: str = Field(default="", description="other hosts that redirects may lead to, commas between")

    @property
    def redirect_hosts(self) -> frozenset[str]:
        """The hosts that redirects may lead to besides the one that was asked, lower case."""
        return frozenset(name.strip().lower() for name in self.http_redirect_hosts.split(",") if name.strip())
