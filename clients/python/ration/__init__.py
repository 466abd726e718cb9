"""Asks Ration about requests: verify, reserve, settle, void.

    client = ration.Client("http://127.0.0.1:8081", token)      # or RATION_URL and RATION_TOKEN
    decision = client.verify(secret, {"tokens": 1200}, ip=address)
    if decision.allowed: ...                                     # else send decision.response to your client

A denial is a decision, not an error. An error means that nobody decided: don't let the
request through. FastAPI: call install(app) once, and add Depends(charge()) to each endpoint
that counts.

Clients may be shared by threads, and made before a process forks. The module needs Python
3.9 and nothing else; FastAPI only for install and charge.
"""
from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import http.client
import io
import json
import logging
import os
import random
import select
import socket
import ssl
import threading
import time
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Dict, Generic, List, Mapping, Optional, Tuple, TypeVar, Union

if TYPE_CHECKING:
    import fastapi

__version__ = "0.1.0"
__all__ = [
    "AsyncClient", "Client", "ClientResponse", "Decision", "Key", "Limit", "Reservation", "charge", "install",
    "RationError", "Misconfigured", "Unavailable", "OutcomeUnknown", "InvalidRequest", "TokenRefused", "IdempotencyMismatch",
    "ReservationUnknown", "ReservationConflict", "ReservationExpired", "SettlementTooLarge",
]

Number = Union[int, float]
Amounts = Mapping[str, Number]

_log = logging.getLogger("ration")


class RationError(Exception):
    """Nobody decided, or a reservation could not be ended. No text in it is a secret."""

    def __init__(self, detail: str, *, code: str = "", status: int = 0, request_id: str = "", retry_after: Optional[float] = None,
                 errors: Optional[List[Dict[str, str]]] = None):
        super().__init__(detail)
        self.code = code  # of Ration's answer; empty: there was none
        self.status = status  # of Ration's answer; 0: there was none
        self.request_id = request_id  # by which Ration's logs have the call
        self.retry_after = retry_after  # seconds; None: Ration didn't say
        self.errors = errors or []  # which members of the call are wrong: {"pointer": "/amounts/tokens", "detail": ...}


class Unavailable(RationError):
    """Ration can't be reached or can't decide now. Nothing was charged."""


class Misconfigured(RationError, ValueError):
    """The client was made with a URL or a token that can't be right."""


class OutcomeUnknown(RationError):
    """Nobody knows whether something was charged: the answer was lost, came too late or makes no sense."""


class InvalidRequest(RationError):
    """The call is wrong; code and errors say what is."""


class TokenRefused(RationError):
    """The service token is missing, unknown or revoked, or lacks the scope."""


class IdempotencyMismatch(InvalidRequest):
    """The idempotency key was used before, for another call."""


class ReservationUnknown(InvalidRequest):
    """There is no such reservation, or it ended long ago."""


class ReservationConflict(InvalidRequest):
    """The reservation already ended differently, or was made with other members."""


class ReservationExpired(InvalidRequest):
    """The reservation expired too long ago."""


class SettlementTooLarge(InvalidRequest):
    """More was used than reserved. The reservation has not changed."""


_ERRORS = {
    "store_unavailable": Unavailable, "clock_suspect": Unavailable, "outcome_unknown": OutcomeUnknown,
    "token_missing": TokenRefused, "token_invalid": TokenRefused, "token_lacks_scope": TokenRefused, "token_unchecked": TokenRefused,
    "idempotency_mismatch": IdempotencyMismatch, "reservation_unknown": ReservationUnknown, "reservation_conflict": ReservationConflict,
    "reservation_expired": ReservationExpired, "settlement_too_large": SettlementTooLarge,
}


@dataclasses.dataclass(frozen=True)
class Key:
    """Whose request it is. Tell keys apart by id; names are for display."""

    id: str
    name: str
    owner: str
    plan: str


@dataclasses.dataclass(frozen=True)
class Limit:
    """How one limit stands after the decision. Times are RFC 3339."""

    name: str
    meter: str
    kind: str
    period: str
    limit: Number
    used: Number
    reserved: Number
    remaining: Number
    resets_at: Optional[str]


@dataclasses.dataclass(frozen=True)
class ClientResponse:
    """What to send to your client: all of it after a denial, only the headers after an admission."""

    status: int
    headers: Dict[str, str]
    body: str


@dataclasses.dataclass(frozen=True)
class Reservation:
    """A reservation as it stood when Ration answered. Times are RFC 3339."""

    id: str
    key: str
    state: str  # "open", "settled", "voided" or "expired"
    at_expiry: str
    held: Dict[str, Number]
    settled: Optional[Dict[str, Number]]
    created_at: str
    expires_at: str
    raw: Dict[str, Any] = dataclasses.field(repr=False, compare=False)


@dataclasses.dataclass(frozen=True)
class Decision:
    """What Ration decided."""

    allowed: bool
    code: str  # "ok", "quota_exceeded", "key_unknown", ...
    key: Optional[Key]  # None: unknown
    limits: List[Limit]
    response: ClientResponse
    retry_after: Optional[int]  # seconds; None: waiting doesn't help, or nobody has to
    replayed: bool  # decided before, for the same idempotency key; nothing was charged this time
    reservation: Optional[Reservation]  # only of reserve
    raw: Dict[str, Any] = dataclasses.field(repr=False, compare=False)  # the whole answer


_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class _Call(Generic[_T]):
    """One call, before it is sent. Repeatable: to send it twice is as good as once."""

    method: str
    path: str
    body: Optional[Dict[str, Any]]
    read: Callable[[Any], _T]
    repeatable: bool
    idempotency_key: Optional[str] = None


def _verify(path: str, read: Callable[[Any], Decision], secret: Optional[str], amounts: Optional[Amounts], idempotency_key: Optional[str], repeatable: bool,
            **more: Any) -> _Call[Decision]:
    body: Dict[str, Any] = {"secret": secret or ""}
    if amounts is not None:
        body["amounts"] = dict(amounts)
    body.update({name: value for name, value in more.items() if value is not None})
    return _Call("POST", path, body, read, repeatable or idempotency_key is not None, idempotency_key)


def _ask(secret: Optional[str], amounts: Optional[Amounts], scope: Optional[str], ip: Optional[str], dry_run: bool, idempotency_key: Optional[str]) -> _Call[Decision]:
    return _verify("/v1/verify", _decision, secret, amounts, idempotency_key, dry_run, scope=scope, ip=ip, dry_run=dry_run or None)


def _reserve(secret: Optional[str], amounts: Optional[Amounts], scope: Optional[str], ip: Optional[str], id: Optional[str], ttl_seconds: Optional[int],
             at_expiry: Optional[str], idempotency_key: Optional[str]) -> _Call[Decision]:
    if id is None and idempotency_key is None:
        idempotency_key = str(uuid.uuid4())  # so that a lost answer leaves no second reservation behind
    return _verify("/v1/reservations", _reserved, secret, amounts, idempotency_key, True, scope=scope, ip=ip, id=id, ttl_seconds=ttl_seconds, at_expiry=at_expiry)


def _end(how: str, reservation: Union[Reservation, str], key: Optional[str], body: Dict[str, Any]) -> _Call[Reservation]:
    id, key = _named(reservation, key)
    if key:
        body["key"] = key
    return _Call("POST", "/v1/reservations/" + urllib.parse.quote(id, safe="") + "/" + how, body or None, _reservation, True)


def _settle(reservation: Union[Reservation, str], amounts: Optional[Amounts], over: Optional[str], key: Optional[str]) -> _Call[Reservation]:
    body: Dict[str, Any] = {}
    if amounts is not None:
        body["amounts"] = dict(amounts)
    if over is not None:
        body["over"] = over
    return _end("settle", reservation, key, body)


def _show(reservation: Union[Reservation, str], key: Optional[str]) -> _Call[Reservation]:
    id, key = _named(reservation, key)
    query = "?" + urllib.parse.urlencode({"key": key}) if key else ""
    return _Call("GET", "/v1/reservations/" + urllib.parse.quote(id, safe="") + query, None, _reservation, True)


def _named(reservation: Union[Reservation, str], key: Optional[str]) -> Tuple[str, Optional[str]]:
    if isinstance(reservation, Reservation):
        return reservation.id, key or reservation.key
    return reservation, key


class Client:
    """Asks Ration. It keeps connections open, and is safe for use by several threads.

    timeout is how many seconds a call may take, with all attempts. A call is sent again, at most
    max_retries times, only if that can't charge twice: nothing was charged, the call has an
    idempotency key, or it is about a reservation. ssl_context is for https with a CA of your own.
    """

    def __init__(self, url: Optional[str] = None, token: Optional[str] = None, *, timeout: float = 5.0, max_retries: int = 2,
                 ssl_context: Optional[ssl.SSLContext] = None):
        url = url or os.environ.get("RATION_URL") or "http://127.0.0.1:8081"
        token = token or os.environ.get("RATION_TOKEN") or ""
        if not token or not all("!" <= c <= "~" for c in token):  # a header can't hold it, and errors of libraries would quote it
            raise Misconfigured("the service token is missing, or has characters that no token has; set RATION_TOKEN")
        parsed = urllib.parse.urlsplit(url)
        if parsed.scheme not in ("http", "https") or not parsed.hostname or parsed.username or parsed.query or parsed.fragment:
            raise Misconfigured('the URL must be like "http://127.0.0.1:8081", without a user, a query and a fragment; set RATION_URL')
        self.timeout, self.max_retries = timeout, max_retries
        self._base, self._token = parsed.path.rstrip("/"), token
        self._pool = _Pool(parsed.hostname, parsed.port, (ssl_context or ssl.create_default_context()) if parsed.scheme == "https" else None)

    def verify(self, secret: Optional[str], amounts: Optional[Amounts] = None, *, scope: Optional[str] = None, ip: Optional[str] = None, dry_run: bool = False,
               idempotency_key: Optional[str] = None, timeout: Optional[float] = None) -> Decision:
        """Charges amounts, by meter; None: one request. secret is what your client sent, also a whole Authorization field.

        Give an idempotency_key that is the same whenever the same request comes again, and a lost answer costs nothing.
        """
        return self._run(_ask(secret, amounts, scope, ip, dry_run, idempotency_key), self._deadline(timeout))

    def reserve(self, secret: Optional[str], amounts: Optional[Amounts] = None, *, scope: Optional[str] = None, ip: Optional[str] = None, id: Optional[str] = None,
                ttl_seconds: Optional[int] = None, at_expiry: Optional[str] = None, idempotency_key: Optional[str] = None,
                timeout: Optional[float] = None) -> Decision:
        """Holds amounts until settle or void. If it is allowed, the decision has the reservation."""
        return self._run(_reserve(secret, amounts, scope, ip, id, ttl_seconds, at_expiry, idempotency_key), self._deadline(timeout))

    def settle(self, reservation: Union[Reservation, str], amounts: Optional[Amounts] = None, *, over: Optional[str] = None, key: Optional[str] = None,
               timeout: Optional[float] = None) -> Reservation:
        """Counts what was really used, in place of what is held; None: just what is held."""
        return self._run(_settle(reservation, amounts, over, key), self._deadline(timeout))

    def void(self, reservation: Union[Reservation, str], *, key: Optional[str] = None, timeout: Optional[float] = None) -> Reservation:
        """Counts nothing, and lets go of what is held."""
        return self._run(_end("void", reservation, key, {}), self._deadline(timeout))

    def reservation(self, id: Union[Reservation, str], *, key: Optional[str] = None, timeout: Optional[float] = None) -> Reservation:
        """Returns a reservation as it stands now."""
        return self._run(_show(id, key), self._deadline(timeout))

    def close(self) -> None:
        """Closes idle connections. The client can be used again."""
        self._pool.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._pool.where!r})"  # without the token

    def _deadline(self, timeout: Optional[float]) -> float:
        return time.monotonic() + (self.timeout if timeout is None else timeout)

    def _run(self, call: _Call[_T], deadline: float) -> _T:
        attempt = 0
        while True:
            try:
                return call.read(self._send(call, deadline))
            except (Unavailable, OutcomeUnknown) as error:
                pause = max(error.retry_after or 0, random.uniform(0.5, 1) * min(0.25 * 2**attempt, 2))
                safe = call.repeatable or isinstance(error, Unavailable)
                if not safe or attempt >= self.max_retries or time.monotonic() + pause >= deadline:
                    raise
                _log.warning("no decision: %s; trying again", error)
                time.sleep(pause)
                attempt += 1

    def _send(self, call: _Call[_T], deadline: float) -> Any:
        headers: Dict[str, Union[str, bytes]] = {"Authorization": "Bearer " + self._token, "Accept": "application/json"}
        body = None
        if call.body is not None:
            body = json.dumps(call.body, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        if call.idempotency_key is not None:
            headers["Idempotency-Key"] = call.idempotency_key.encode()
        status, fields, data = self._pool.exchange(call.method, self._base + call.path, body, headers, deadline)
        try:
            answer = json.loads(data)
        except ValueError:
            answer = None
        if status == 200:
            return answer
        raise _problem(status, fields, answer if isinstance(answer, dict) else {})


def _problem(status: int, fields: Any, problem: Dict[str, Any]) -> RationError:
    """Makes an error of an answer that is no decision."""
    code = problem.get("code")
    code = code if isinstance(code, str) else ""
    kind = _ERRORS.get(code)
    if kind is None:
        kind = TokenRefused if status in (401, 403) else InvalidRequest if 400 <= status < 500 else OutcomeUnknown
    detail = problem.get("detail")
    text = f"Ration answered with status {status}" + (f" {code}" if code else "") + (f": {_printable(detail)}" if isinstance(detail, str) else "")
    wait = problem.get("retry_after")
    errors = problem.get("errors")
    return kind(text, code=code, status=status, request_id=fields.get("X-Request-Id") or "", retry_after=wait if isinstance(wait, (int, float)) else None,
                errors=errors if isinstance(errors, list) else None)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:300])


def _decision(answer: Any) -> Decision:
    """Reads an answer strictly: whatever is not a whole decision lets nobody through."""
    try:
        said, key, allowed = answer["response"], answer.get("key"), answer["allowed"]
        response = ClientResponse(_typed(said["status"], int), {_typed(n, str): _typed(v, str) for n, v in said["headers"].items()}, _typed(said["body"], str))
        reservation = answer.get("reservation")
        return Decision(
            allowed=_typed(allowed, bool), code=_typed(answer["code"], str), response=response, key=_of(Key, key) if key is not None else None,
            limits=[_of(Limit, limit) for limit in answer.get("limits") or []], retry_after=answer.get("retry_after"), replayed=answer.get("replayed") is True,
            reservation=_reservation(reservation) if reservation is not None else None, raw=answer)
    except (AttributeError, KeyError, TypeError) as error:
        raise OutcomeUnknown(f"Ration's answer can't be read: {type(error).__name__}", status=200) from None


def _reserved(answer: Any) -> Decision:
    decision = _decision(answer)
    if decision.allowed and decision.reservation is None:
        raise OutcomeUnknown("Ration's answer can't be read: it has no reservation", status=200)
    return decision


def _reservation(answer: Any) -> Reservation:
    try:
        members = {field.name: answer[field.name] for field in dataclasses.fields(Reservation) if field.name != "raw"}
        _typed(members["id"], str), _typed(members["state"], str), _typed(members["held"], dict)
        return Reservation(**members, raw=answer)
    except (KeyError, TypeError) as error:
        raise OutcomeUnknown(f"Ration's answer can't be read: {type(error).__name__}", status=200) from None


def _typed(value: Any, kind: Any) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value


def _of(kind: Callable[..., _T], members: Mapping[str, Any]) -> _T:
    """Makes one of our types of the members that it knows, which may be missing from partial answers."""
    return kind(**{field.name: members.get(field.name) for field in dataclasses.fields(kind)})  # type: ignore[arg-type,unused-ignore]


class _Pool:
    """Connections to Ration that are kept open."""

    most = 64  # kept while idle
    idle = 30.0  # seconds after which one isn't used again; Ration closes them after 120
    largest = 8 << 20  # bytes of an answer

    def __init__(self, host: str, port: Optional[int], tls: Optional[ssl.SSLContext]):
        self.host, self.port, self.tls = host, port, tls
        self.where = f"{'https' if tls else 'http'}://{host}" + (f":{port}" if port else "")
        self._lock, self._pid = threading.Lock(), os.getpid()
        self._idle: List[Tuple[float, _Connection]] = []

    def exchange(self, method: str, path: str, body: Optional[bytes], headers: Mapping[str, Any], deadline: float) -> Tuple[int, Any, bytes]:
        """Sends a request, and returns the status, the header and the body of its answer."""
        connection = self._take() or self._connect(deadline)
        try:
            connection.timed.deadline = deadline
            connection.request(method, path, body, headers)
            with connection.getresponse() as response:
                data = response.read(self.largest + 1)
                if len(data) > self.largest or response.length:
                    raise http.client.IncompleteRead(b"")
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise OutcomeUnknown(f"Ration's answer was lost: {type(error).__name__}") from None
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._give(connection)
        return response.status, response.headers, data

    def _connect(self, deadline: float) -> _Connection:
        """Opens a connection. What fails here has sent nothing."""
        connection = _Connection(self.host, self.port or (443 if self.tls else 80))
        try:
            plain = socket.create_connection((connection.host, connection.port), _left(deadline))
            try:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.use(_Timed(self.tls.wrap_socket(plain, server_hostname=self.host) if self.tls else plain))
            except BaseException:
                plain.close()
                raise
        except OSError as error:
            raise Unavailable(f"Ration can't be reached: {type(error).__name__}") from None
        return connection

    def _take(self) -> Optional[_Connection]:
        with self._lock:
            if self._pid != os.getpid():  # the connections belong to the process that we were forked from
                self._pid, self._idle = os.getpid(), []
            while self._idle:
                since, connection = self._idle.pop()
                if time.monotonic() - since < self.idle and not connection.timed.is_readable():
                    return connection
                connection.close()
        return None

    def _give(self, connection: _Connection) -> None:
        with self._lock:
            if self._pid == os.getpid() and len(self._idle) < self.most:
                self._idle.append((time.monotonic(), connection))
                return
        connection.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("the time is up")
    return left


class _Connection(http.client.HTTPConnection):
    timed: _Timed

    def use(self, timed: _Timed) -> None:
        self.timed = timed
        self.sock = timed  # it has all that http.client uses


class _Timed:
    """A socket whose reads and writes share one deadline, however slowly bytes come."""

    def __init__(self, sock: socket.socket):
        self._sock, self.deadline = sock, 0.0
        self._readers, self._closing = 0, False  # http.client closes a socket that is still read from

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self.deadline))
        self._sock.sendall(data)

    def recv_into(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self.deadline))
        return self._sock.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Reader(self))

    def is_readable(self) -> bool:
        """Whether the other end has closed it, or said what nobody asked for."""
        try:
            if hasattr(select, "poll"):
                poll = select.poll()
                poll.register(self._sock, select.POLLIN)
                return bool(poll.poll(0))
            return bool(select.select([self._sock], [], [], 0)[0])
        except (OSError, ValueError):
            return True

    def close(self) -> None:
        self._closing = True
        if self._readers == 0:
            self._sock.close()

    def end_reader(self) -> None:
        self._readers -= 1
        if self._closing:
            self.close()


class _Reader(io.RawIOBase):
    def __init__(self, timed: _Timed):
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._timed.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            self._timed.end_reader()
        super().close()


class AsyncClient:
    """Client for asyncio. Its calls wait in threads of their own, at most 64 at once; the time that they queue counts."""

    def __init__(self, url: Optional[str] = None, token: Optional[str] = None, *, timeout: float = 5.0, max_retries: int = 2,
                 ssl_context: Optional[ssl.SSLContext] = None):
        self._client = Client(url, token, timeout=timeout, max_retries=max_retries, ssl_context=ssl_context)
        self._threads: Optional[concurrent.futures.ThreadPoolExecutor] = None
        self._pid = 0

    def verify(self, secret: Optional[str], amounts: Optional[Amounts] = None, *, scope: Optional[str] = None, ip: Optional[str] = None, dry_run: bool = False,
               idempotency_key: Optional[str] = None, timeout: Optional[float] = None) -> Awaitable[Decision]:
        """See Client.verify."""
        return self._run(_ask(secret, amounts, scope, ip, dry_run, idempotency_key), timeout)

    def reserve(self, secret: Optional[str], amounts: Optional[Amounts] = None, *, scope: Optional[str] = None, ip: Optional[str] = None, id: Optional[str] = None,
                ttl_seconds: Optional[int] = None, at_expiry: Optional[str] = None, idempotency_key: Optional[str] = None,
                timeout: Optional[float] = None) -> Awaitable[Decision]:
        """See Client.reserve."""
        return self._run(_reserve(secret, amounts, scope, ip, id, ttl_seconds, at_expiry, idempotency_key), timeout)

    def settle(self, reservation: Union[Reservation, str], amounts: Optional[Amounts] = None, *, over: Optional[str] = None, key: Optional[str] = None,
               timeout: Optional[float] = None) -> Awaitable[Reservation]:
        """See Client.settle."""
        return self._run(_settle(reservation, amounts, over, key), timeout)

    def void(self, reservation: Union[Reservation, str], *, key: Optional[str] = None, timeout: Optional[float] = None) -> Awaitable[Reservation]:
        """See Client.void."""
        return self._run(_end("void", reservation, key, {}), timeout)

    def reservation(self, id: Union[Reservation, str], *, key: Optional[str] = None, timeout: Optional[float] = None) -> Awaitable[Reservation]:
        """See Client.reservation."""
        return self._run(_show(id, key), timeout)

    async def close(self) -> None:
        """Closes idle connections and threads. The client can be used again."""
        threads, self._threads = self._threads, None
        if threads is not None and self._pid == os.getpid():
            await asyncio.get_running_loop().run_in_executor(None, threads.shutdown)
        self._client.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return "Async" + repr(self._client)

    async def _run(self, call: _Call[_T], timeout: Optional[float]) -> _T:
        if self._threads is None or self._pid != os.getpid():  # threads stay behind in the process that we were forked from
            self._threads, self._pid = concurrent.futures.ThreadPoolExecutor(64, "ration"), os.getpid()
        deadline = self._client._deadline(timeout)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._client._run, call, deadline)


class _Refused(Exception):
    """Carries what the client of a FastAPI app gets in place of the endpoint's answer."""

    def __init__(self, response: ClientResponse):
        self.response = response


_default: Optional[AsyncClient] = None


def charge(amounts: Optional[Amounts] = None, *, scope: Optional[str] = None, client: Optional[AsyncClient] = None) -> Callable[..., Awaitable[Decision]]:
    """Makes a FastAPI dependency: Depends(charge()), Depends(charge({"tokens": 5})), Depends(charge(scope="write")).

    Its value is the Decision. The app needs install(app). Without a client, RATION_URL and RATION_TOKEN say whom to
    ask. If nobody decides, the app's client gets 503 and the endpoint doesn't run.
    """
    from fastapi import Request

    async def dependency(request: Request) -> Decision:
        try:
            secret = request.headers.get("X-API-Key") or request.headers.get("Authorization")
            decision = await (client or _shared()).verify(secret, amounts, scope=scope, ip=request.client.host if request.client else None)
        except Exception as error:  # also what the environment lacks
            _log.warning("no decision: %s", error if isinstance(error, RationError) else type(error).__name__)  # whose text may quote what it got
            raise _Refused(ClientResponse(503, {"Retry-After": "5"}, "")) from None
        if not decision.allowed:
            raise _Refused(decision.response)
        request.state.ration_headers = decision.response.headers
        return decision

    dependency.__annotations__["request"] = Request  # FastAPI would look for its name in this module
    return dependency


def _shared() -> AsyncClient:
    global _default
    if _default is None:
        _default = AsyncClient()
    return _default


def install(app: fastapi.FastAPI) -> None:
    """Teaches a FastAPI app to answer as Ration says. Call it once, before the app serves."""
    from fastapi import Request, Response

    async def refuse(_: Request, refused: Any) -> Response:
        said = refused.response
        return Response(said.body, said.status, said.headers)

    app.add_exception_handler(_Refused, refuse)
    app.add_middleware(_Headers)


class _Headers:
    """Adds Ration's headers to answers, also to errors and to responses that an endpoint makes itself (ASGI)."""

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def adding(message: Any) -> None:
            if message["type"] == "http.response.start":
                said = scope.get("state", {}).get("ration_headers", {})
                message = {**message, "headers": [*message.get("headers", []), *((n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in said.items())]}
            await send(message)

        await self.app(scope, receive, adding)
