"""Libraries that send requests, led to Node (network.py): whatever uses `http.client` (urllib.request, and so pandas), and
`urllib3` (requests), and `httpx`.

The first two speak HTTP to a ChannelSocket, which reads the request that they write and gives them a response to read;
so their redirects, cookies, retries, encodings and streams are their own. TLS is Node's. `install(network)` adapts the
modules that are loaded, and the others when they are imported.
"""

import importlib.machinery
import io
import socket
import sys


def install(network):
    socket.has_ipv6 = False  # urllib3 would try it out by a socket, when it is imported
    adapters = {
        "http.client": _adapt_connections(network),
        "urllib3.connection": _adapt_connections(network),
        "httpx._transports.default": _adapt_httpx(network),
    }
    for name in [name for name in adapters if name in sys.modules]:
        adapters.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, _Finder(adapters))


class _Finder:
    """Adapts a module when it has been imported."""

    def __init__(self, adapters):
        self._adapters = adapters

    def find_spec(self, name, path=None, target=None):
        adapt = self._adapters.get(name)
        spec = adapt and importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = _Loader(spec.loader, adapt)
        return spec


class _Loader:
    def __init__(self, loader, adapt):
        self._loader = loader
        self._adapt = adapt

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._adapt(module)


def _adapt_connections(network):
    def connect(self):
        if getattr(self, "_tunnel_host", None):
            raise OSError("A proxy cannot be used in a sandbox, which has no network: its server sends the requests")
        self.sock = ChannelSocket(network, self)
        self.is_verified = True  # for urllib3, which warns of a connection that is not

    def adapt(module):
        for name in ("HTTPConnection", "HTTPSConnection"):
            if hasattr(module, name):  # Python without ssl has one of them
                getattr(module, name).connect = connect

    return adapt


class ChannelSocket:
    """What http.client needs of a socket: it writes one request, and reads the response from a file."""

    def __init__(self, network, connection):
        self._network = network
        self._timeout = connection.timeout if isinstance(connection.timeout, (int, float)) else None
        self._origin = _origin(connection.default_port == 443, connection.host, connection.port)
        self._sent = bytearray()

    def sendall(self, data, flags=0):
        self._sent += data

    def makefile(self, mode="rb", buffering=None, **_):
        sent, self._sent = bytes(self._sent), bytearray()
        return io.BufferedReader(_ResponseFile(self._network, self._origin, sent, self._timeout))

    def settimeout(self, timeout):
        self._timeout = timeout

    def gettimeout(self):
        return self._timeout

    def setsockopt(self, *_):
        pass

    def shutdown(self, how):
        pass

    def close(self):
        pass


class _ResponseFile(io.RawIOBase):
    """The bytes of a response, from its status line on. The connection is kept for no other request."""

    def __init__(self, network, origin, sent, timeout):
        method, target, headers, body = _parsed(sent)
        if not target.startswith("/"):
            raise OSError("A proxy cannot be used in a sandbox, which has no network: its server sends the requests")
        self._answer = network.request(method, origin + target, headers, body, timeout)
        kept = [(name, value) for name, value in self._answer.headers if name.lower() != "connection"]
        lines = [f"HTTP/1.1 {self._answer.status} ", *(f"{name}: {value}" for name, value in kept)]
        self._waiting = "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1", "replace")

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self._waiting:
            self._waiting = self._answer.chunk()
        size = min(len(buffer), len(self._waiting))
        buffer[:size] = self._waiting[:size]
        self._waiting = self._waiting[size:]
        return size

    def close(self):
        if not self.closed:
            self._answer.close()
        super().close()


def _origin(is_secure, host, port):
    name = f"[{host.strip('[]')}]" if ":" in host else host
    return f"{'https' if is_secure else 'http'}://{name}:{port}"


def _parsed(sent):
    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target = first.split(" ")[:2]
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    is_chunked = any(name.lower() == "transfer-encoding" for name, _ in headers)
    return method, target, headers, b"".join(_unchunked(body)) if is_chunked else body


def _unchunked(body):
    at = 0
    while at < len(body):
        end = body.index(b"\r\n", at)
        size = int(body[at:end].split(b";")[0], 16)
        yield body[end + 2 : end + 2 + size]
        at = end + 2 + size + 2


def _adapt_httpx(network):
    def adapt(module):
        import httpx

        class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
            def __init__(self, answer, request):
                self._answer = answer
                self._request = request

            def __iter__(self):
                chunk = self._chunk()
                while chunk:
                    yield chunk
                    chunk = self._chunk()

            async def __aiter__(self):
                chunk = await _in_thread(self._chunk)
                while chunk:
                    yield chunk
                    chunk = await _in_thread(self._chunk)

            def _chunk(self):
                return _raising_as_httpx(httpx, self._request, self._answer.chunk)

            def close(self):
                self._answer.close()

            async def aclose(self):
                self._answer.close()

        def respond(request, body):
            timeout = (request.extensions.get("timeout") or {}).get("read")
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
            answer = _raising_as_httpx(
                httpx, request, network.request, request.method, str(request.url), headers, body, timeout
            )
            return httpx.Response(answer.status, headers=answer.headers, stream=Body(answer, request))

        def handle_request(self, request):
            return respond(request, b"".join(request.stream))

        async def handle_async_request(self, request):
            body = b"".join([part async for part in request.stream])
            return await _in_thread(respond, request, body)

        module.HTTPTransport.handle_request = handle_request
        module.AsyncHTTPTransport.handle_async_request = handle_async_request

    return adapt


async def _in_thread(function, *arguments):
    import asyncio

    return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)


def _raising_as_httpx(httpx, request, function, *arguments):
    try:
        return function(*arguments)
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except OSError as error:
        raise httpx.ConnectError(str(error), request=request) from error
