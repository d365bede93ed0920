"""A listing and object server over a dict of keys, as S3 behaves: pages, markers, delimiters."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from bcdata_tests.net.fault_server import Reply, Request


class Bucket:
    """Answers listings at `/` and objects at their keys. `page` bounds the entries of one listing answer."""

    def __init__(self, objects: Mapping[str, bytes], page: int = 1000) -> None:
        self.objects = dict(objects)
        self.page = page
        self.overrides: dict[str, list[Reply]] = {}
        self.etags = True

    def __call__(self, request: Request) -> Reply:
        if request.path == "/":
            return Reply(self.listing(request.query).encode())
        key = request.path.removeprefix("/")
        replies = self.overrides.get(key)
        if replies:
            return replies.pop(0) if len(replies) > 1 else replies[0]
        body = self.objects.get(key)
        if body is None:
            return Reply(b"<Error><Code>NoSuchKey</Code></Error>", status=404)
        headers = {"ETag": '"abc"', "Last-Modified": "Wed, 01 Feb 2023 04:05:06 GMT"}
        return Reply(body, headers=headers)

    def listing(self, query: Mapping[str, str]) -> str:
        prefix, marker, delimiter = query.get("prefix", ""), query.get("marker", ""), query.get("delimiter", "")
        names: dict[str, bool] = {}
        for key in sorted(self.objects):
            if key.startswith(prefix):
                head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
                name = prefix + head + found if found else key
                if name > marker:
                    names[name] = bool(found)
        page = list(names.items())[: min(self.page, int(query.get("max-keys", "1000")))]
        is_truncated = len(page) < len(names)
        parts = [f"<Prefix>{escape(prefix)}</Prefix><IsTruncated>{str(is_truncated).lower()}</IsTruncated>"]
        if is_truncated and delimiter:
            parts.append(f"<NextMarker>{escape(page[-1][0])}</NextMarker>")
        parts += [self.entry(name) for name, is_folder in page if not is_folder]
        parts += [f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name, yes in page if yes]
        xmlns = "http://s3.amazonaws.com/doc/2006-03-01/"
        head = f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="{xmlns}">'
        return f"{head}{''.join(parts)}</ListBucketResult>"

    def entry(self, key: str) -> str:
        facts = f"<Size>{len(self.objects[key])}</Size>"
        if self.etags:
            facts += "<LastModified>2023-02-01T04:05:06.000Z</LastModified><ETag>&quot;abc&quot;</ETag>"
        return f"<Contents><Key>{escape(key)}</Key>{facts}<Owner><ID>7</ID></Owner></Contents>"
