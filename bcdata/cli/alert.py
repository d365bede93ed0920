"""`bcdata alert test`: whether people can be told."""

import typer

from bcdata.terminal.console import err, out


def register(app: typer.Typer) -> None:
    """Adds the command and what is below it."""
    group = typer.Typer(no_args_is_help=True)
    group.callback()(_group)
    group.command("test")(test)
    app.add_typer(group, name="alert")


def _group() -> None:
    """Test whether messages to people get through.

    Example: bcdata alert test
    """


def test() -> None:
    """Send a test message to every channel.

    The channels are those of BCDATA_ALERT_URLS. Ends with status 1 if one does not take it.

    Example: bcdata alert test
    """
    from bcdata import clock
    from bcdata.alerts.channels import channels
    from bcdata.alerts.settings import AlertSettings
    from bcdata.errors import UsageError

    known = channels(AlertSettings().urls)
    if not known:
        raise UsageError(
            "alerts are off: set BCDATA_ALERT_URLS to addresses that Apprise knows, e.g. mailto:// or slack://"
        )
    for channel in known:
        channel.check()
    body = f"This is a test, sent at {clock.now():%Y-%m-%d %H:%M} UTC. Alerts of bcdata will come here."
    went = [channel.send("bcdata: test", body) for channel in known]
    for channel, has_gone in zip(known, went, strict=True):
        words = (
            "took the message"
            if has_gone
            else "did not take the message: check its address, and that it can be reached"
        )
        (out if has_gone else err).print(f"channel {channel.name} {words}", highlight=False, markup=False)
    if not all(went):
        raise typer.Exit(1)
