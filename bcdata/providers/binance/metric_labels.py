"""What `create_time` of metrics means: the end of five minutes, and since an instant of um their start (bpd#491)."""

from datetime import UTC, datetime, timedelta

from bcdata.frames.types import METRICS
from bcdata.providers.capabilities import EndLabels

METRIC_LABELS = EndLabels("um", METRICS.key, timedelta(minutes=5), datetime(2026, 6, 25, tzinfo=UTC))
"""Of cm it was always the start."""
