"""Dagster's public GraphQL API: the questions that the UI asks, and nothing else."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

T = TypeVar("T")
Key = tuple[str, ...]

LOCATION = {"repositoryLocationName": "bcdata", "repositoryName": "__repository__"}
NO_CONFIG: Mapping[str, Any] = {}
_ENTRY = """label
  ... on IntMetadataEntry { intValue }
  ... on TextMetadataEntry { text }
  ... on JsonMetadataEntry { jsonString }
  ... on MarkdownMetadataEntry { mdStr }"""
_OPENER = build_opener(ProxyHandler({}))  # loopback is never asked through a proxy


class Api:
    """One webserver."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer's data; every error of the API fails the test."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        with _OPENER.open(request, timeout=30) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def location(self) -> tuple[str, Any]:
        """How far the code location is loaded, and what went wrong."""
        entry = self.ask(
            """query($name: String!) { workspaceLocationEntryOrError(name: $name) { ... on WorkspaceLocationEntry {
            loadStatus locationOrLoadError { __typename ... on PythonError { message } } } } }""",
            name=LOCATION["repositoryLocationName"],
        )["workspaceLocationEntryOrError"]
        return (entry["loadStatus"], entry["locationOrLoadError"]) if entry else ("ABSENT", None)

    def is_up(self) -> bool:
        """Whether the webserver answers."""
        try:
            return self.location()[0] == "LOADED"
        except (URLError, ConnectionError, TimeoutError):
            return False

    def daemons(self) -> dict[str, bool | None]:
        """The health of all daemons that the instance requires."""
        statuses = self.ask("{instance{daemonHealth{allDaemonStatuses{daemonType required healthy}}}}")
        all_ = statuses["instance"]["daemonHealth"]["allDaemonStatuses"]
        return {one["daemonType"]: one["healthy"] for one in all_ if one["required"]}

    def asset(self, key: Key, fields: str, **variables: Any) -> Any:
        """Fields of an asset; `variables` may give `$partitions`."""
        declared = ", $partitions: [String!]" if "partitions" in variables else ""
        query = f"query($key: AssetKeyInput!{declared}) {{ assetNodeOrError(assetKey: $key)"
        answer = self.ask(f"{query} {{ ... on AssetNode {{ {fields} }} }} }}", key={"path": key}, **variables)
        return answer["assetNodeOrError"]

    def symbols(self, key: Key) -> list[str]:
        """The keys of an asset's symbol dimension, in Dagster's order."""
        dimensions = self.asset(key, "partitionKeysByDimension { name partitionKeys }")["partitionKeysByDimension"]
        return next(one["partitionKeys"] for one in dimensions if one["name"] == "symbol")

    def materializations(self, key: Key, partitions: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """The metadata of the latest materialization of each partition; None where there is none."""
        fields = (
            f"latestMaterializationByPartition(partitions: $partitions) {{ partition metadataEntries {{ {_ENTRY} }} }}"
        )
        events = self.asset(key, fields, partitions=list(partitions))["latestMaterializationByPartition"]
        return {
            one: entries(event["metadataEntries"]) if event else None
            for one, event in zip(partitions, events, strict=True)
        }

    def counts(self, key: Key) -> dict[str, int]:
        """How many partitions of an asset are `materialized` and `failed`: what its node in the graph says."""
        stats = self.asset(key, "partitionStats { numMaterialized numFailed }")["partitionStats"]
        return {"materialized": stats["numMaterialized"], "failed": stats["numFailed"]}

    def failed(self, key: Key) -> set[str]:
        """The failed partitions of an asset: what the pages offer to run again."""
        fields = """partitionKeysByDimension { name partitionKeys } assetPartitionStatuses {
        ... on MultiPartitionStatuses { ranges { primaryDimStartKey primaryDimEndKey
        secondaryDim { ... on DefaultPartitionStatuses { failedPartitions } } } } }"""
        node = self.asset(key, fields)
        dates = next(one["partitionKeys"] for one in node["partitionKeysByDimension"] if one["name"] == "date")
        return {
            f"{date}|{symbol}"
            for one in node["assetPartitionStatuses"]["ranges"]
            for date in dates
            if one["primaryDimStartKey"] <= date <= one["primaryDimEndKey"]
            for symbol in one["secondaryDim"].get("failedPartitions", [])
        }

    def gate_of_run(self, key: Key, run: str | None = None) -> dict[str, Any]:
        """The latest verdict of an asset's gate on a whole run, or that on this one."""
        query = """query($key: AssetKeyInput!) { assetCheckExecutions(assetKey: $key, checkName: "gate", limit: 20)
        { status runId evaluation { partition description } } }"""
        answers = self.ask(query, key={"path": key})["assetCheckExecutions"]
        whole = (one for one in answers if one["evaluation"] and one["evaluation"]["partition"] is None)
        return next(one for one in whole if run in {None, one["runId"]})

    def checks(self, key: Key, partitions: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The latest evaluation of the asset's gate on each partition: `status`, `success`, `severity`, metadata.

        Empty where there is none, because the partition has always passed.
        """
        query = (
            "query($key: AssetKeyInput!, $partition: String!)"
            ' { assetCheckExecutions(assetKey: $key, checkName: "gate", partition: $partition, limit: 1)'
            f" {{ status evaluation {{ success severity partition description metadataEntries {{ {_ENTRY} }} }} }} }}"
        )
        found = {}
        for partition in partitions:
            answers = self.ask(query, key={"path": key}, partition=partition)["assetCheckExecutions"]
            if not answers:
                found[partition] = {}
                continue
            evaluation = answers[0]["evaluation"] or {"metadataEntries": []}
            found[partition] = {**evaluation, "status": answers[0]["status"]} | entries(evaluation["metadataEntries"])
        return found

    def backfill(self, keys: Sequence[Key], partitions: Sequence[str]) -> str:
        """Launches a backfill; its id."""
        answer = self.ask(
            """mutation($it: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $it) { __typename
            ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }""",
            it={"assetSelection": [{"path": key} for key in keys], "partitionNames": list(partitions)},
        )["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def backfill_state(self, backfill: str) -> tuple[str, list[str]]:
        """The status of a backfill, and those of its runs."""
        answer = self.ask(
            """query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
            status runs { status } error { message } } } }""",
            id=backfill,
        )["partitionBackfillOrError"]
        assert not answer["error"], answer
        return answer["status"], [run["status"] for run in answer["runs"]]

    def run(self, keys: Sequence[Key], partition: str, config: Mapping[str, Any] = NO_CONFIG) -> str:
        """Launches one run of some assets' partition, as the UI's button does; its id."""
        date, symbol = partition.split("|")
        tags = {"dagster/partition": partition, "dagster/partition/date": date, "dagster/partition/symbol": symbol}
        answer = self.ask(
            """mutation($it: ExecutionParams!) { launchRun(executionParams: $it) { __typename
            ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }""",
            it={
                "selector": {**LOCATION, "jobName": "__ASSET_JOB", "assetSelection": [{"path": key} for key in keys]},
                "runConfigData": config,
                "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
            },
        )["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def run_status(self, run: str) -> str:
        """The status of a run."""
        query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
        return str(self.ask(query, id=run)["runOrError"]["status"])

    def run_tags(self, run: str) -> dict[str, str]:
        """The tags of a run."""
        query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { tags { key value } } } }"
        return {tag["key"]: tag["value"] for tag in self.ask(query, id=run)["runOrError"]["tags"]}

    def processes(self, run: str) -> set[str]:
        """The processes in which a run says that steps were at work."""
        query = """query($id: ID!) { logsForRun(runId: $id, limit: 1000) { ... on EventConnection {
        events { ... on LogsCapturedEvent { pid } } } } }"""
        events = self.ask(query, id=run)["logsForRun"]["events"]
        return {str(event["pid"]) for event in events if event.get("pid")}

    def ticks(self, name: str) -> list[dict[str, Any]]:
        """The ticks of a sensor or schedule, latest first."""
        fields = "ticks { status skipReason runIds runs { status tags { key value } } error { message } }"
        answer = self.ask(
            f"""query($which: InstigationSelector!) {{ instigationStateOrError(instigationSelector: $which) {{
            __typename ... on InstigationState {{ status {fields} }} }} }}""",
            which={**LOCATION, "name": name},
        )["instigationStateOrError"]
        return list(answer.get("ticks", []))

    def start_sensor(self, name: str) -> None:
        """Turns a sensor on, as the switch in the UI does."""
        answer = self.ask(
            """mutation($which: SensorSelector!) { startSensor(sensorSelector: $which) { __typename
            ... on Sensor { sensorState { status } } ... on PythonError { message } } }""",
            which={**LOCATION, "sensorName": name},
        )["startSensor"]
        assert answer["__typename"] == "Sensor", answer
        assert answer["sensorState"]["status"] == "RUNNING"

    def start_schedule(self, name: str) -> str:
        """Turns a schedule on, as the switch in the UI does; the id of its state."""
        answer = self.ask(
            """mutation($which: ScheduleSelector!) { startSchedule(scheduleSelector: $which) { __typename
            ... on ScheduleStateResult { scheduleState { id status } } ... on PythonError { message } } }""",
            which={**LOCATION, "scheduleName": name},
        )["startSchedule"]
        assert answer["__typename"] == "ScheduleStateResult", answer
        assert answer["scheduleState"]["status"] == "RUNNING"
        return str(answer["scheduleState"]["id"])

    def stop_schedule(self, state: str) -> None:
        """Turns it off again."""
        answer = self.ask(
            """mutation($id: String!) { stopRunningSchedule(id: $id) { __typename
            ... on ScheduleStateResult { scheduleState { status } } } }""",
            id=state,
        )["stopRunningSchedule"]
        assert answer["__typename"] == "ScheduleStateResult", answer
        assert answer["scheduleState"]["status"] == "STOPPED"


def entries(given: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Metadata by label, JSON read."""
    return {one.pop("label"): _value(one) for one in [dict(entry) for entry in given]}


def _value(entry: dict[str, Any]) -> Any:
    if "jsonString" in entry:
        return json.loads(entry["jsonString"])
    return next(iter(entry.values()), None)


def wait(what: str, look: Callable[[], T], *, seconds: float, every: float = 0.25) -> T:
    """Looks until there is something to see.

    Raises:
        AssertionError: nothing came in time; the text says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(every)
    return seen
