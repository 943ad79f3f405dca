"""`fetch(url, method="GET", headers=None, params=None, json=None, data=None, body=None, timeout=30)` for programs.

Sends a request to one of the hosts that the node asks for, follows redirects, and returns a Response. `json` is sent as
JSON, `data` as a form, `body` (bytes or str) as it is. A host that is not open raises PermissionError, which names it
and what opens it; a status of 400 or more is no error, unless `raise_for_status()` is called.
"""

import json as json_format
import zlib
from http import HTTPStatus

MAX_REDIRECTS = 10
TIMEOUT_SECONDS = 30
_BECOME_GET = (301, 302, 303)
_REDIRECTS = (*_BECOME_GET, 307, 308)
_SECRET = ("authorization", "cookie", "proxy-authorization")
_OF_THE_BODY = ("content-type", "content-length", "content-encoding")


def make_fetch(network):
    def fetch(
        url, method=None, *, headers=None, params=None, json=None, data=None, body=None, timeout=TIMEOUT_SECONDS
    ):
        """Requests a URL of a host that the node asks for."""
        content, content_type = _content(json, data, body)
        method = (method or ("GET" if content is None else "POST")).upper()
        sent = Headers({"accept": "*/*", "accept-encoding": "gzip, deflate"})
        if content_type:
            sent["content-type"] = content_type
        for name, value in dict(headers or {}).items():
            sent[name] = str(value)
        return _follow(network, method, _with_params(str(url), params), sent, content or b"", timeout)

    return fetch


class Headers(dict):
    """Names in lower case; looked up in any."""

    def __init__(self, pairs=()):
        for name, value in dict(pairs).items():
            self[name] = value

    def __setitem__(self, name, value):
        super().__setitem__(name.lower(), value)

    def __getitem__(self, name):
        return super().__getitem__(name.lower())

    def __contains__(self, name):
        return super().__contains__(name.lower())

    def get(self, name, default=None):
        return super().get(name.lower(), default)


class FetchError(OSError):
    """The status of a response is 400 or more; `response` has it."""

    __module__ = "builtins"

    def __init__(self, message, response):
        super().__init__(message)
        self.response = response


class Response:
    """`status`, `headers`, `url`, `content` (bytes), `text`, `json()`, `ok`."""

    def __init__(self, status, headers, content, url):
        self.status = self.status_code = status
        self.headers = headers
        self.content = content
        self.url = url

    def __repr__(self):
        return f"<Response {self.status} of {self.url.partition('?')[0]}>"

    @property
    def ok(self):
        return self.status < 400

    @property
    def text(self):
        return self.content.decode(self._charset(), "replace")

    def json(self):
        return json_format.loads(self.content)

    def raise_for_status(self):
        if not self.ok:
            raise FetchError(f"{self.status} {_phrase(self.status)} for {self.url.partition('?')[0]}", self)
        return self

    def _charset(self):
        _, _, after = self.headers.get("content-type", "").lower().partition("charset=")
        name = after.partition(";")[0].strip(" \"'")
        try:
            b"".decode(name)
        except (LookupError, ValueError):
            return "utf-8"
        return name or "utf-8"


def _phrase(status):
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _content(json, data, body):
    if sum(value is not None for value in (json, data, body)) > 1:
        raise TypeError("Expected one of `json`, `data` and `body`, got several")
    if json is not None:
        return json_format.dumps(json).encode(), "application/json"
    if isinstance(data, (str, bytes)):
        body, data = data, None
    if data is not None:
        from urllib.parse import urlencode

        return urlencode(data, doseq=True).encode(), "application/x-www-form-urlencoded"
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return (None if body is None else bytes(body)), None


def _with_params(url, params):
    if not params:
        return url
    from urllib.parse import urlencode

    before, mark, fragment = url.partition("#")
    return f"{before}{'&' if '?' in before else '?'}{urlencode(params, doseq=True)}{mark}{fragment}"


def _follow(network, method, url, headers, content, timeout):
    for _ in range(MAX_REDIRECTS + 1):
        answer = network.request(method, url, list(headers.items()), content, timeout)
        received = _headers_of(answer)
        if answer.status not in _REDIRECTS or "location" not in received:
            body = _decoded(b"".join(answer.chunks()), received.get("content-encoding", ""))
            return Response(answer.status, received, body, url)
        answer.close()
        target = _target_of(url, received["location"])
        if answer.status in _BECOME_GET and method not in ("GET", "HEAD"):
            method, content = "GET", b""
            headers = _without(headers, _OF_THE_BODY)
        if _origin_of(target) != _origin_of(url):
            headers = _without(headers, _SECRET)
        url = target
    raise ConnectionError(f"Expected at most {MAX_REDIRECTS} redirects, got more")


def _headers_of(answer):
    headers = Headers()
    for name, value in answer.headers:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _target_of(url, location):
    from urllib.parse import urljoin

    return urljoin(url, location)


def _origin_of(url):
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _without(headers, names):
    return Headers({name: value for name, value in headers.items() if name not in names})


def _decoded(body, encodings):
    for encoding in reversed(encodings.lower().split(",")):
        name = encoding.strip()
        if body and name in ("gzip", "x-gzip"):
            body = zlib.decompress(body, 16 + zlib.MAX_WBITS)
        elif body and name == "deflate":
            body = zlib.decompress(body, zlib.MAX_WBITS if body[0] & 15 == 8 else -zlib.MAX_WBITS)
    return body
