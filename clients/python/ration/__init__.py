"""Client of Ration: API keys and exact, durable quotas.

    client = ration.Client("http://127.0.0.1:8081", token)      # or RATION_URL and RATION_TOKEN
    decision = client.verify(secret, {"tokens": 1200}, ip=address)
    if decision.allowed: ...                                     # else send decision.response to your client

    admin = ration.Admin("http://127.0.0.1:8082", token)        # or RATION_ADMIN_URL and RATION_ADMIN_TOKEN
    issued = admin.create_key("Ada's laptop", owner="ada@example.com", plan="free")

Client asks about requests: verify, reserve, settle, void. A denial is a decision, not an
error. An error means that nobody decided: don't let the request through. Admin makes and
changes keys and plans, and reads usage. AsyncClient and AsyncAdmin are the same for asyncio.
FastAPI: call install(app) once, and add Depends(charge()) to each endpoint that counts.

Clients may be shared by threads, and made before a process forks. Numbers are exact: an int,
or a Decimal of meters with a unit. The module needs Python 3.9 and nothing else; FastAPI only
for install and charge.
"""
from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import dataclasses
import functools
import http.client
import inspect
import io
import json
import logging
import os
import random
import re
import select
import socket
import ssl
import threading
import time
import urllib.parse
import uuid
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import (
    TYPE_CHECKING, Any, AsyncIterator, Awaitable, Callable, Coroutine, Deque, Dict, Generic, Iterator, List, Mapping, Optional, Sequence, Tuple, TypedDict, TypeVar, Union,
    get_args, get_origin, get_type_hints, overload,
)

if TYPE_CHECKING:
    import fastapi
    from typing_extensions import Concatenate, Literal, ParamSpec

    _P = ParamSpec("_P")

__version__ = "0.1.0"
__all__ = [
    "Admin", "AsyncAdmin", "AsyncClient", "Client", "charge", "install", "usage_page",
    "ClientResponse", "Decision", "IssuedSecret", "Key", "KeyChanges", "KeyLimit", "KeyPage", "KeyRecord", "KeyStatus", "KeyUsage", "Limit", "NewLimit", "NextLimit",
    "NoLimit", "Override", "OwnDay", "OwnKey", "OwnMeter", "OwnUsage", "Plan", "PlanChanges", "PlanLimit", "Reservation", "Secret", "Today", "UsageReport", "UsageSum",
    "RationError", "Misconfigured", "Unavailable", "OutcomeUnknown", "InvalidRequest", "TokenRefused", "KeyRefused", "IdempotencyMismatch",
    "ReservationUnknown", "ReservationConflict", "ReservationExpired", "SettlementTooLarge", "NotFound", "AlreadyExists", "Conflict", "Changed",
]

Number = Union[int, Decimal]  # of answers: exact
Amounts = Mapping[str, Union[int, float, Decimal, str]]  # by meter; a text is a decimal number, such as "0.01"

_log = logging.getLogger("ration")


class RationError(Exception):
    """Nobody decided, or nothing was changed or read. No text in it is a secret."""

    def __init__(self, detail: str, *, code: str = "", status: int = 0, request_id: str = "", retry_after: Optional[int] = None,
                 errors: Optional[List[Dict[str, str]]] = None):
        super().__init__(detail)
        self.code = code  # of Ration's answer; empty: there was none
        self.status = status  # of Ration's answer; 0: there was none
        self.request_id = request_id  # by which Ration's logs have the call
        self.retry_after = retry_after  # seconds; None: Ration didn't say
        self.errors = errors or []  # which members of the call are wrong: {"pointer": "/amounts/tokens", "detail": ...}


class Unavailable(RationError):
    """Ration can't be reached or can't decide now. Nothing was charged or changed."""


class Misconfigured(RationError, ValueError):
    """The client was made with a URL or a token that can't be right."""


class OutcomeUnknown(RationError):
    """Nobody knows whether something was charged or changed: the answer was lost, came too late or makes no sense."""


class InvalidRequest(RationError):
    """The call is wrong; code and errors say what is."""


class TokenRefused(RationError):
    """The service token is missing, unknown or revoked, or may not do this."""


class KeyRefused(RationError):
    """The secret that asks for its own usage is unknown, or its key can't be used."""


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


class NotFound(InvalidRequest):
    """There is no such key, secret or plan, or the token doesn't reach it."""


class AlreadyExists(InvalidRequest):
    """The name or the id is taken."""


class Conflict(InvalidRequest):
    """The change contradicts the present state."""


class Changed(InvalidRequest):
    """Somebody else has changed it since you read it. Read it again, and decide anew."""


_ERRORS = {
    "store_unavailable": Unavailable, "clock_suspect": Unavailable, "usage_busy": Unavailable, "outcome_unknown": OutcomeUnknown,
    "idempotency_key_in_use": OutcomeUnknown,
    "token_missing": TokenRefused, "token_invalid": TokenRefused, "token_lacks_scope": TokenRefused, "token_unchecked": TokenRefused, "token_narrowed": TokenRefused,
    "key_missing": KeyRefused, "key_unknown": KeyRefused, "key_unchecked": KeyRefused, "key_expired": KeyRefused, "key_disabled": KeyRefused, "key_revoked": KeyRefused,
    "ip_not_allowed": KeyRefused, "idempotency_mismatch": IdempotencyMismatch, "reservation_unknown": ReservationUnknown,
    "reservation_conflict": ReservationConflict, "reservation_expired": ReservationExpired, "settlement_too_large": SettlementTooLarge,
    "not_found": NotFound, "exists": AlreadyExists, "conflict": Conflict, "changed": Changed,
}


# Answers. _read fills them in by their types: what doesn't fit makes no answer, and what is missing is None where None may be.


@dataclasses.dataclass(frozen=True)
class Key:
    """Whose request it is. Tell keys apart by id; names are for display."""

    id: str
    name: str
    owner: str
    plan: str


@dataclasses.dataclass(frozen=True)
class Limit:
    """How one limit stands."""

    name: str
    meter: str
    kind: str  # "quota", "rate" or "concurrent"
    period: str
    limit: Number
    used: Number
    reserved: Number
    remaining: Number
    resets_at: Optional[datetime]  # None: never


@dataclasses.dataclass(frozen=True)
class ClientResponse:
    """What to send to your client: all of it after a denial, only the headers after an admission."""

    status: int
    headers: Dict[str, str]
    body: str


@dataclasses.dataclass(frozen=True)
class Reservation:
    """A reservation as it stood when Ration answered."""

    id: str
    key: str
    state: str  # "open", "settled", "voided" or "expired"
    at_expiry: str
    held: Dict[str, Number]
    settled: Optional[Dict[str, Number]]
    created_at: datetime
    expires_at: datetime
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
    reservation: Optional[Reservation]  # only of reserve
    raw: Dict[str, Any] = dataclasses.field(repr=False, compare=False)  # the whole answer
    replayed: bool = False  # decided before, for the same idempotency key; nothing was charged this time


@dataclasses.dataclass(frozen=True)
class PlanLimit:
    """A limit of a plan, or of a key."""

    name: str
    meter: str
    kind: str  # "quota", "rate" or "concurrent"
    quantity: Number  # per period
    period: str
    burst: Number  # of rates: the most at one instant


@dataclasses.dataclass(frozen=True)
class NextLimit(PlanLimit):
    """A plan's limit that starts with each key's next period."""

    removed: bool
    since: datetime


@dataclasses.dataclass(frozen=True)
class Plan:
    """A named set of limits."""

    name: str
    time_zone: str  # empty: UTC
    limits: List[PlanLimit]
    next: List[NextLimit]
    unlimited: bool  # the missing limit is intended
    created_at: datetime
    updated_at: datetime
    version: Optional[str]  # for update_plan; None in lists


@dataclasses.dataclass(frozen=True)
class Override(PlanLimit):
    """A key's own limit, in place of its plan's."""

    unlimited: bool
    expires_at: Optional[datetime]  # None: it lasts
    starts_at: Optional[datetime]  # None: it holds already
    removed: bool


@dataclasses.dataclass(frozen=True)
class Secret:
    """What is known of a key's secret: not its text."""

    id: str
    label: str
    start: str
    end: str
    created_at: datetime
    expires_at: Optional[datetime]
    revoked_at: Optional[datetime]
    last_used_at: Optional[datetime]


@dataclasses.dataclass(frozen=True)
class NoLimit:
    """When a key has no limit at all."""

    starts_at: Optional[datetime]  # None: now
    ends_at: Optional[datetime]  # None: for good
    marked: bool  # it is intended


@dataclasses.dataclass(frozen=True)
class Today:
    """What a key has used on its current day, in requests."""

    used: Number
    reserved: Number
    limit: Optional[Number]


@dataclasses.dataclass(frozen=True)
class KeyRecord:
    """A key."""

    id: str
    name: str
    owner: str
    plan: str
    next_plan: Optional[str]
    next_plan_at: Optional[datetime]
    status: str  # "active", "disabled", "revoked", ...
    expired: bool
    expires_at: Optional[datetime]
    scopes: List[str]
    allowed_ips: List[str]
    time_zone: str
    metadata: Dict[str, str]
    unlimited: bool
    no_limit: Optional[NoLimit]
    created_at: datetime
    updated_at: datetime
    overrides: List[Override]
    secrets: List[Secret]
    today: Optional[Today]  # only of keys(today=True)
    version: Optional[str]  # for update_key; None in lists


@dataclasses.dataclass(frozen=True)
class KeyLimit(PlanLimit):
    """A limit that holds for a key, and what remains of it."""

    override: bool
    used: Number
    reserved: Number
    remaining: Number
    resets_at: Optional[datetime]


@dataclasses.dataclass(frozen=True)
class KeyUsage:
    """What a key has used on a meter, in all time and in the current periods."""

    meter: str
    used: Number
    reserved: Number
    denied: int
    hour: Number
    day: Number
    week: Number
    month: Number
    first_request_at: Optional[datetime]
    last_request_at: Optional[datetime]


@dataclasses.dataclass(frozen=True)
class KeyStatus(KeyRecord):
    """A key, how its limits stand, and what it has used."""

    at: datetime
    period_zone: str
    limits: List[KeyLimit]
    usage: List[KeyUsage]


@dataclasses.dataclass(frozen=True)
class KeyPage:
    """One page of a list of keys."""

    items: List[KeyRecord]
    next_cursor: Optional[str]  # None: this is the last page


@dataclasses.dataclass(frozen=True)
class IssuedSecret:
    """A key with a secret that was just made. It can't be shown again, and isn't in the repr."""

    key: KeyRecord
    secret_id: str
    secret: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class UsageSum:
    """What a group used on a meter. Members that the report isn't grouped by are None."""

    key_id: Optional[str]
    key_name: Optional[str]
    owner: Optional[str]
    plan: Optional[str]
    hour: Optional[str]
    day: Optional[str]
    month: Optional[str]
    meter: str
    used: Number
    denied: int
    last_request_at: Optional[datetime]


@dataclasses.dataclass(frozen=True)
class UsageReport:
    """Usage, added up by group, and on the whole."""

    sums: List[UsageSum]
    totals: List[UsageSum]  # one for each meter
    more: bool  # there are more sums than were asked for; the totals have them too


@dataclasses.dataclass(frozen=True)
class OwnKey:
    """What the holder of a key may know of it."""

    id: str
    name: str
    plan: str
    time_zone: str
    expires_at: Optional[datetime]


@dataclasses.dataclass(frozen=True)
class OwnDay:
    """What a key used on a meter on one day."""

    date: str
    used: Number
    denied: int


@dataclasses.dataclass(frozen=True)
class OwnMeter:
    """What a key used on a meter."""

    meter: str
    used: Number
    denied: int
    days: List[OwnDay]


@dataclasses.dataclass(frozen=True)
class OwnUsage:
    """What the holder of a key may know of its usage in the last 30 days."""

    key: OwnKey
    at: datetime
    limits: List[Limit]
    from_: str
    to: str
    usage: List[OwnMeter]
    more: bool
    raw: Dict[str, Any] = dataclasses.field(repr=False, compare=False)  # to be passed on to the holder


Time = Union[datetime, str]  # a datetime with a time zone, or RFC 3339


class NewLimit(TypedDict, total=False):
    """A limit that a key gets of its own."""

    limit: str  # "1000/day", "10/second burst 20", "unlimited tokens/month"; required
    expires_at: Time  # when the plan's limit holds again; left out: never


class KeyChanges(TypedDict, total=False):
    """Changes of a key: what is left out stays, and None takes away."""

    name: str
    owner: Optional[str]
    plan: Optional[str]
    expires_at: Optional[Time]
    scopes: Optional[Sequence[str]]
    allowed_ips: Optional[Sequence[str]]
    time_zone: Optional[str]
    metadata: Mapping[str, Optional[str]]
    set_limits: Sequence[NewLimit]
    clear_limits: Sequence[str]
    clear_temporary_limits: Sequence[str]
    clear_lasting_limits: Sequence[str]
    unlimited: bool
    from_next_period: bool


class PlanChanges(TypedDict, total=False):
    """Changes of a plan: what is left out stays, and None takes away."""

    time_zone: Optional[str]
    set_limits: Sequence[str]
    remove_limits: Sequence[str]
    unlimited: bool
    from_next_period: bool


_T = TypeVar("_T")


@functools.lru_cache(maxsize=None)
def _members(kind: Any) -> List[Tuple[str, str, Any, bool]]:
    """Returns a type's fields: name, name in JSON, type, and whether it may be missing."""
    hints = get_type_hints(kind)
    return [(f.name, f.name.rstrip("_"), hints[f.name], f.default is not dataclasses.MISSING) for f in dataclasses.fields(kind)]


def _read(kind: Any, value: Any) -> Any:
    """Reads a value of an answer as a type, strictly. Raises KeyError, TypeError or ValueError."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Union:
        if value is None and type(None) in args:
            return None
        args = tuple(a for a in args if a is not type(None))
        if len(args) > 1:  # a number
            return value if type(value) in args else _read(args[0], value)
        return _read(args[0], value)
    if origin is list:
        return [_read(args[0], item) for item in _read(list, value or [])]
    if origin is dict:
        return {name: _read(args[1], item) for name, item in _read(dict, value).items()}
    if kind is datetime:
        return _time(_read(str, value))
    if dataclasses.is_dataclass(kind):
        found = {}
        for name, member, hint, optional in _members(kind):
            if name == "raw":
                found[name] = value
            elif member in value or get_origin(hint) is Union or not optional:
                found[name] = _read(hint, value.get(member))
        return kind(**found)
    if kind is not Any and type(value) is not kind:
        raise TypeError
    return value


def _time(text: str) -> datetime:
    """Reads RFC 3339, which fromisoformat doesn't know whole before Python 3.11."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    if not found:
        raise ValueError
    seconds, fraction, zone = found.groups()
    return datetime.fromisoformat(f"{seconds}.{(fraction or '')[:6].ljust(6, '0')}{'+00:00' if zone == 'Z' else zone}")


def _write(value: Any) -> str:
    """Writes JSON with exact numbers. Raises TypeError or ValueError."""
    if isinstance(value, Mapping):
        return "{" + ",".join(json.dumps(str(name)) + ":" + _write(member) for name, member in value.items()) + "}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ",".join(_write(item) for item in value) + "]"
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError
        return json.dumps(value.isoformat())
    return json.dumps(value, allow_nan=False)


# Calls. Each is written once, as a function that says what to send; below, clients get a method of each.


@dataclasses.dataclass(frozen=True)
class _Call(Generic[_T]):
    """One call, before it is sent. Repeatable: to send it twice is as good as once."""

    method: str
    path: str
    kind: Any  # of the answer; None: it has none
    body: Optional[Mapping[str, Any]] = dataclasses.field(default=None, repr=False)
    repeatable: bool = False
    idempotency_key: Optional[str] = None
    version: Optional[str] = None
    secret: Optional[str] = dataclasses.field(default=None, repr=False)  # sent in place of the token
    timeout: Optional[float] = None

    def read(self, answer: Any, version: Optional[str]) -> _T:
        if self.kind is None:
            return None  # type: ignore[return-value]
        try:
            if version and isinstance(answer, dict):
                answer = {**answer, "version": version}
            found: _T = _read(self.kind, answer)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise OutcomeUnknown(f"Ration's answer can't be read: {type(error).__name__}", status=200) from None
        return found


class _Reserving(_Call[Decision]):
    def read(self, answer: Any, version: Optional[str]) -> Decision:
        decision = super().read(answer, version)
        if decision.allowed and decision.reservation is None:
            raise OutcomeUnknown("Ration's answer can't be read: it has no reservation", status=200)
        return decision


class _Issuing(_Call[IssuedSecret]):
    def read(self, answer: Any, version: Optional[str]) -> IssuedSecret:
        issued = super().read(answer, None)
        return dataclasses.replace(issued, key=dataclasses.replace(issued.key, version=version))


class _Items(_Call[_T]):
    def read(self, answer: Any, version: Optional[str]) -> _T:
        return super().read(answer.get("items") if isinstance(answer, dict) else answer, None)


def _given(**members: Any) -> Dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _once() -> str:
    """Makes an idempotency key, so that a call that is sent again after a lost answer does nothing twice."""
    return str(uuid.uuid4())


def _amounts(amounts: Optional[Amounts]) -> Optional[Dict[str, Any]]:
    if amounts is None:
        return None
    return {meter: _amount(meter, amount) for meter, amount in amounts.items()}


def _amount(meter: str, amount: Any) -> Any:
    try:
        number = Decimal(amount) if isinstance(amount, str) else amount
        if isinstance(number, (int, float, Decimal)) and not isinstance(number, bool) and Decimal(number).is_finite():
            return number
    except InvalidOperation:
        pass
    raise InvalidRequest(f"the amount of {_printable(str(meter))} is no number", code="invalid_value", errors=[{"pointer": f"/amounts/{meter}", "detail": "use a number"}])


def _in_path(text: str, unknown: Tuple[Callable[..., RationError], str]) -> str:
    text = str(text)
    if text in ("", ".", ".."):  # which would be another path
        raise unknown[0](f"nothing has the id {text!r}", code=unknown[1])
    return urllib.parse.quote(text, safe="", errors="replace")


def _verify(secret: Optional[str], amounts: Optional[Amounts] = None, *, scope: Optional[str] = None, ip: Optional[str] = None, dry_run: bool = False,
            idempotency_key: Optional[str] = None, timeout: Optional[float] = None) -> _Call[Decision]:
    """Charges amounts, by meter; None: one request. secret is what your client sent, also a whole Authorization field.

    Give an idempotency_key that is the same whenever the same request comes again, and a lost answer costs nothing.
    """
    body = _given(secret=secret or "", amounts=_amounts(amounts), scope=scope, ip=ip, dry_run=dry_run or None)
    return _Call("POST", "/v1/verify", Decision, body, dry_run or idempotency_key is not None, idempotency_key, timeout=timeout)


def _reserve(secret: Optional[str], amounts: Optional[Amounts] = None, *, scope: Optional[str] = None, ip: Optional[str] = None, id: Optional[str] = None,
             ttl_seconds: Optional[int] = None, at_expiry: Optional[str] = None, idempotency_key: Optional[str] = None,
             timeout: Optional[float] = None) -> _Call[Decision]:
    """Holds amounts until settle or void. If it is allowed, the decision has the reservation."""
    if id is None and idempotency_key is None:
        idempotency_key = _once()
    body = _given(secret=secret or "", amounts=_amounts(amounts), scope=scope, ip=ip, id=id, ttl_seconds=ttl_seconds, at_expiry=at_expiry)
    return _Reserving("POST", "/v1/reservations", Decision, body, True, idempotency_key, timeout=timeout)


def _settle(reservation: Union[Reservation, str], amounts: Optional[Amounts] = None, *, over: Optional[str] = None, key: Optional[str] = None,
            timeout: Optional[float] = None) -> _Call[Reservation]:
    """Counts what was really used, in place of what is held; None: just what is held."""
    path, key = _named(reservation, key)
    return _Call("POST", path + "/settle", Reservation, _given(amounts=_amounts(amounts), over=over, key=key), True, timeout=timeout)


def _void(reservation: Union[Reservation, str], *, key: Optional[str] = None, timeout: Optional[float] = None) -> _Call[Reservation]:
    """Counts nothing, and lets go of what is held."""
    path, key = _named(reservation, key)
    return _Call("POST", path + "/void", Reservation, _given(key=key), True, timeout=timeout)


def _reservation(reservation: Union[Reservation, str], *, key: Optional[str] = None, timeout: Optional[float] = None) -> _Call[Reservation]:
    """Returns a reservation as it stands now."""
    path, key = _named(reservation, key)
    return _Call("GET", path + _query(key=key), Reservation, None, True, timeout=timeout)


def _named(reservation: Union[Reservation, str], key: Optional[str]) -> Tuple[str, Optional[str]]:
    if isinstance(reservation, Reservation):
        return _named(reservation.id, key or reservation.key)
    return "/v1/reservations/" + _in_path(reservation, (ReservationUnknown, "reservation_unknown")), key or None


def _own_usage(secret: Optional[str], *, path: str = "/v1/usage", timeout: Optional[float] = None) -> _Call[OwnUsage]:
    """Returns what a key has used and what remains, by its own secret (see verify) and without the token. path is Ration's usage_path."""
    if secret and not _sendable(secret.replace(" ", "")):
        raise KeyRefused("no key has this secret: a header can't hold it", code="key_unknown")
    return _Call("GET", path, OwnUsage, None, True, secret=secret or "", timeout=timeout)


def _query(**parameters: Any) -> str:
    given = {name.rstrip("_"): value.isoformat() if isinstance(value, date) else str(value) for name, value in parameters.items() if value not in (None, "", False)}
    return "?" + urllib.parse.urlencode(given, errors="replace").replace("=True", "=true") if given else ""


def _key(id: Union[str, KeyRecord], *more: str) -> str:
    return "/".join(["/v1/admin/keys", *(_in_path(text, (NotFound, "not_found")) for text in (id.id if isinstance(id, KeyRecord) else id, *more))])


def _plan(name: Union[str, Plan]) -> str:
    return "/v1/admin/plans/" + _in_path(name.name if isinstance(name, Plan) else name, (NotFound, "not_found"))


def _create_key(name: str, *, owner: Optional[str] = None, plan: Optional[str] = None, expires_at: Optional[Time] = None, scopes: Optional[Sequence[str]] = None,
                allowed_ips: Optional[Sequence[str]] = None, time_zone: Optional[str] = None, metadata: Optional[Mapping[str, str]] = None,
                limits: Optional[Sequence[NewLimit]] = None, label: Optional[str] = None, unlimited: bool = False, idempotency_key: Optional[str] = None,
                timeout: Optional[float] = None) -> _Call[IssuedSecret]:
    """Makes a key with a secret, which is shown now and never again. limits are the key's own: [{"limit": "1000/day"}].

    An idempotency_key that is the same for the same form or order makes one key of two calls, and gives its secret again.
    """
    body = _given(name=name, owner=owner, plan=plan, expires_at=expires_at, scopes=scopes, allowed_ips=allowed_ips, time_zone=time_zone, metadata=metadata,
                  limits=limits, label=label, unlimited=unlimited or None)
    return _Issuing("POST", "/v1/admin/keys", IssuedSecret, body, True, idempotency_key or _once(), timeout=timeout)


def _show_key(id: str, *, timeout: Optional[float] = None) -> _Call[KeyStatus]:
    """Returns a key, what it has used, and what remains."""
    return _Call("GET", _key(id), KeyStatus, None, True, timeout=timeout)


def _list_keys(*, owner: Optional[str] = None, plan: Optional[str] = None, status: Optional[str] = None, name: Optional[str] = None, unlimited: Optional[str] = None,
               secret_start: Optional[str] = None, search: Optional[str] = None, today: bool = False, sort: Optional[str] = None,
               limit: Optional[int] = None, cursor: Optional[str] = None, timeout: Optional[float] = None) -> _Call[KeyPage]:
    """Returns one page of the keys that match.

    search is beginnings of words of the name or the owner, the start of a secret, or an id. sort is "created_at", "name"
    or "owner", or one of these with "-" before it. limit is how many keys a page has at most: it may have fewer, even
    none, and not be the last.
    """
    query = _query(owner=owner, plan=plan, status=status, name=name, unlimited=unlimited, secret_start=secret_start, search=search, today=today, sort=sort,
                   limit=limit, cursor=cursor)
    return _Call("GET", "/v1/admin/keys" + query, KeyPage, None, True, timeout=timeout)


def _update_key(key: Union[KeyRecord, str], changes: KeyChanges, *, version: Optional[str] = None, timeout: Optional[float] = None) -> _Call[KeyRecord]:
    """Changes a key, if it still is as you have read it: update_key(show_key(id), {"plan": "pro"}).

    version is that of the key which you have read, so you need it only with an id; "*" changes the key whatever it is
    now. Changed means that somebody else was quicker.
    """
    return _Call("PATCH", _key(key), KeyRecord, changes, version=version or getattr(key, "version", None), timeout=timeout)


def _disable_key(id: Union[KeyRecord, str], *, timeout: Optional[float] = None) -> _Call[KeyRecord]:
    """Refuses a key's requests until it is enabled again."""
    return _Call("POST", _key(id, "disable"), KeyRecord, None, True, timeout=timeout)


def _enable_key(id: Union[KeyRecord, str], *, timeout: Optional[float] = None) -> _Call[KeyRecord]:
    """Undoes disable_key."""
    return _Call("POST", _key(id, "enable"), KeyRecord, timeout=timeout)  # not repeatable: somebody may disable it in between


def _revoke_key(id: Union[KeyRecord, str], *, timeout: Optional[float] = None) -> _Call[KeyRecord]:
    """Ends a key for good. Its history stays."""
    return _Call("POST", _key(id, "revoke"), KeyRecord, None, True, timeout=timeout)


def _rotate_key(id: Union[KeyRecord, str], *, label: Optional[str] = None, overlap: Optional[int] = None, idempotency_key: Optional[str] = None,
                timeout: Optional[float] = None) -> _Call[IssuedSecret]:
    """Makes a new secret, and ends those with the same label: at once, or after overlap seconds."""
    return _Issuing("POST", _key(id, "rotate"), IssuedSecret, _given(label=label, overlap=overlap), True, idempotency_key or _once(), timeout=timeout)


def _add_secret(id: Union[KeyRecord, str], label: str, *, expires_at: Optional[Time] = None, idempotency_key: Optional[str] = None,
                timeout: Optional[float] = None) -> _Call[IssuedSecret]:
    """Gives a key a further secret."""
    return _Issuing("POST", _key(id, "secrets"), IssuedSecret, _given(label=label, expires_at=expires_at), True, idempotency_key or _once(), timeout=timeout)


def _revoke_secret(id: Union[KeyRecord, str], secret_id: str, *, timeout: Optional[float] = None) -> _Call[KeyRecord]:
    """Ends one secret of a key at once."""
    return _Call("DELETE", _key(id, "secrets", secret_id), KeyRecord, None, True, timeout=timeout)


def _usage(*, key: Optional[str] = None, owner: Optional[str] = None, meter: Optional[str] = None, from_: Union[date, str, None] = None, to: Union[date, str, None] = None,
           group_by: Sequence[str] = (), zone: Optional[str] = None, limit: Optional[int] = None, timeout: Optional[float] = None) -> _Call[UsageReport]:
    """Adds usage up: usage(owner="ada", from_="2030-01-01", to="2030-01-31", group_by=["key", "month"]).

    Groups are key, owner, plan, hour, day, month and meter. Days are each key's own, or those of a time zone.
    """
    groups = group_by if isinstance(group_by, str) else ",".join(group_by)
    query = _query(key=key, owner=owner, meter=meter, from_=from_, to=to, group_by=groups, zone=zone, limit=limit)
    return _Call("GET", "/v1/admin/usage" + query, UsageReport, None, True, timeout=timeout)


def _list_plans(*, timeout: Optional[float] = None) -> _Call[List[Plan]]:
    """Returns all plans, by name, at most 1000."""
    return _Items("GET", "/v1/admin/plans?limit=1000", List[Plan], None, True, timeout=timeout)


def _show_plan(name: str, *, timeout: Optional[float] = None) -> _Call[Plan]:
    """Returns a plan."""
    return _Call("GET", _plan(name), Plan, None, True, timeout=timeout)


def _create_plan(name: str, limits: Sequence[str] = (), *, time_zone: Optional[str] = None, unlimited: bool = False, idempotency_key: Optional[str] = None,
                 timeout: Optional[float] = None) -> _Call[Plan]:
    """Makes a plan: create_plan("free", ["1000/day", "10/second burst 20"])."""
    body = _given(name=name, limits=limits, time_zone=time_zone, unlimited=unlimited or None)
    return _Call("POST", "/v1/admin/plans", Plan, body, True, idempotency_key or _once(), timeout=timeout)


def _update_plan(plan: Union[Plan, str], changes: PlanChanges, *, version: Optional[str] = None, timeout: Optional[float] = None) -> _Call[Plan]:
    """Changes a plan, if it still is as you have read it. See update_key."""
    return _Call("PATCH", _plan(plan), Plan, changes, version=version or getattr(plan, "version", None), timeout=timeout)


def _delete_plan(name: str, *, timeout: Optional[float] = None) -> _Call[None]:
    """Deletes a plan that no key has."""
    return _Call("DELETE", _plan(name), None, timeout=timeout)


def _request(method: str, path: str, body: Optional[Mapping[str, Any]] = None, *, version: Optional[str] = None, idempotency_key: Optional[str] = None,
             timeout: Optional[float] = None) -> _Call[Any]:
    """Makes any other call of the admin API, such as request("GET", "/v1/admin/audit?limit=10"), and returns its JSON.

    /docs of the admin API lists them, and which of them take an idempotency key. After a lost answer, only those that
    have one and GET are sent again.
    """
    return _Call(method, path, Any, body, method == "GET" or idempotency_key is not None, idempotency_key, version, timeout=timeout)


# Clients.


def _method(build: Callable[_P, _Call[_T]]) -> Callable[Concatenate[_Blocking, _P], _T]:
    """Makes a method that sends a call."""
    @functools.wraps(build)
    def method(self: _Blocking, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        call = build(*args, **kwargs)
        return self._sender.run(call, self._sender.deadline(call), threading.Event())

    return _with_self(method, build)


def _async_method(build: Callable[_P, _Call[_T]]) -> Callable[Concatenate[_Async, _P], Coroutine[Any, Any, _T]]:
    """Makes a method that sends a call from a thread."""
    @functools.wraps(build)
    async def method(self: _Async, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await self._run(build(*args, **kwargs))

    return _with_self(method, build)


def _paged(build: Callable[_P, _Call[KeyPage]]) -> Callable[Concatenate[_Blocking, _P], Iterator[KeyRecord]]:
    """Makes a method that yields what all pages of a list have."""
    def keys(self: _Blocking, /, *args: _P.args, **kwargs: _P.kwargs) -> Iterator[KeyRecord]:
        """Yields all keys that match, page by page. See list_keys."""
        while True:
            call = build(*args, **kwargs)
            page = self._sender.run(call, self._sender.deadline(call), threading.Event())
            yield from page.items
            if page.next_cursor is None:
                return
            kwargs["cursor"] = page.next_cursor

    return _with_self(keys, build, "Iterator[KeyRecord]")


def _async_paged(build: Callable[_P, _Call[KeyPage]]) -> Callable[Concatenate[_Async, _P], AsyncIterator[KeyRecord]]:
    """Makes a method that yields what all pages of a list have."""
    async def keys(self: _Async, /, *args: _P.args, **kwargs: _P.kwargs) -> AsyncIterator[KeyRecord]:
        """Yields all keys that match, page by page. See list_keys."""
        while True:
            page = await self._run(build(*args, **kwargs))
            for key in page.items:
                yield key
            if page.next_cursor is None:
                return
            kwargs["cursor"] = page.next_cursor

    return _with_self(keys, build, "AsyncIterator[KeyRecord]")


def _with_self(method: _T, build: Any, returned: str = "") -> _T:
    """Gives a method the signature of its call, for help() and editors."""
    signature = inspect.signature(build)
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), *signature.parameters.values()]
    returned = returned or signature.return_annotation[len("_Call["):-1]
    method.__signature__ = signature.replace(parameters=parameters, return_annotation=returned)  # type: ignore[attr-defined]
    method.__name__ = method.__qualname__ = method.__name__.lstrip("_")  # type: ignore[attr-defined]
    return method


class _Base:
    """What all clients have. They keep connections open."""

    _variable, _url = "RATION_", "http://127.0.0.1:8081"

    def __init__(self, url: Optional[str] = None, token: Optional[str] = None, *, timeout: float = 5.0, connect_timeout: float = 2.0, max_retries: int = 2,
                 ssl_context: Optional[ssl.SSLContext] = None):
        self._sender = _Sender(url or os.environ.get(self._variable + "URL") or self._url, token or os.environ.get(self._variable + "TOKEN") or "", self._variable,
                               timeout, connect_timeout, max_retries, ssl_context)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._sender.pool.where!r})"  # without the token


class _Blocking(_Base):
    def close(self) -> None:
        """Closes idle connections. The client can be used again."""
        self._sender.pool.close()

    def __enter__(self: _T) -> _T:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Async(_Base):
    _threads: Optional[concurrent.futures.ThreadPoolExecutor] = None
    _pid = 0

    async def close(self) -> None:
        """Closes idle connections and threads. The client can be used again."""
        threads, self._threads = self._threads, None
        if threads is not None and self._pid == os.getpid():
            await asyncio.get_running_loop().run_in_executor(None, threads.shutdown)
        self._sender.pool.close()

    async def __aenter__(self: _T) -> _T:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self, call: _Call[_T]) -> _T:
        if self._threads is None or self._pid != os.getpid():  # threads stay behind in the process that we were forked from
            self._threads, self._pid = concurrent.futures.ThreadPoolExecutor(64, "ration"), os.getpid()
        cancelled = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._sender.run, call, self._sender.deadline(call), cancelled)
        finally:
            cancelled.set()  # nobody waits any more, so nothing is sent again


class Client(_Blocking):
    """Asks Ration about requests. It keeps connections open, and is safe for use by several threads.

    timeout is how many seconds a call may take, with all attempts, and connect_timeout how many a connection may take
    to be made. A call is sent again, at most max_retries times, only if that can't do anything twice. ssl_context is for
    https with a CA of your own. Without url and token, RATION_URL and RATION_TOKEN say whom to ask.
    """

    verify = _method(_verify)
    reserve = _method(_reserve)
    settle = _method(_settle)
    void = _method(_void)
    reservation = _method(_reservation)
    own_usage = _method(_own_usage)


class AsyncClient(_Async):
    """Client for asyncio. Its calls wait in threads of their own, at most 64 at once; the time that they queue counts."""

    verify = _async_method(_verify)
    reserve = _async_method(_reserve)
    settle = _async_method(_settle)
    void = _async_method(_void)
    reservation = _async_method(_reservation)
    own_usage = _async_method(_own_usage)


class Admin(_Blocking):
    """Administers keys and plans, and reads usage. See Client for the options.

    Without url and token, RATION_ADMIN_URL and RATION_ADMIN_TOKEN say whom to ask. The token has the scope "keys" for keys
    and their secrets, "admin" for plans, and "read" is enough to read.
    """

    _variable, _url = "RATION_ADMIN_", "http://127.0.0.1:8082"

    create_key = _method(_create_key)
    show_key = _method(_show_key)
    keys = _paged(_list_keys)
    list_keys = _method(_list_keys)
    update_key = _method(_update_key)
    disable_key = _method(_disable_key)
    enable_key = _method(_enable_key)
    revoke_key = _method(_revoke_key)
    rotate_key = _method(_rotate_key)
    add_secret = _method(_add_secret)
    revoke_secret = _method(_revoke_secret)
    usage = _method(_usage)
    list_plans = _method(_list_plans)
    show_plan = _method(_show_plan)
    create_plan = _method(_create_plan)
    update_plan = _method(_update_plan)
    delete_plan = _method(_delete_plan)
    request = _method(_request)


class AsyncAdmin(_Async):
    """Admin for asyncio."""

    _variable, _url = Admin._variable, Admin._url

    create_key = _async_method(_create_key)
    show_key = _async_method(_show_key)
    keys = _async_paged(_list_keys)
    list_keys = _async_method(_list_keys)
    update_key = _async_method(_update_key)
    disable_key = _async_method(_disable_key)
    enable_key = _async_method(_enable_key)
    revoke_key = _async_method(_revoke_key)
    rotate_key = _async_method(_rotate_key)
    add_secret = _async_method(_add_secret)
    revoke_secret = _async_method(_revoke_secret)
    usage = _async_method(_usage)
    list_plans = _async_method(_list_plans)
    show_plan = _async_method(_show_plan)
    create_plan = _async_method(_create_plan)
    update_plan = _async_method(_update_plan)
    delete_plan = _async_method(_delete_plan)
    request = _async_method(_request)


# Sending.


def _sendable(text: str) -> bool:
    """Whether a header can hold a text as it is. Errors of libraries would quote one that it can't."""
    return all("!" <= c <= "~" for c in text)


class _Sender:
    """Sends calls until they have an answer that counts."""

    def __init__(self, url: str, token: str, variable: str, timeout: float, connect_timeout: float, max_retries: int, tls: Optional[ssl.SSLContext]):
        if not token or not _sendable(token):
            raise Misconfigured(f"the service token is missing, or has characters that no token has; set {variable}TOKEN")
        try:
            parsed = urllib.parse.urlsplit(url)
            host, port = parsed.hostname or "", parsed.port
            host.encode("idna")
            valid = parsed.scheme in ("http", "https") and host and not parsed.query and not parsed.fragment and "@" not in parsed.netloc and _sendable(url)
        except ValueError:
            valid = False
        if not valid:
            raise Misconfigured(f'the URL must be like "http://127.0.0.1:8081", without a user, a query and a fragment; set {variable}URL')
        self.timeout, self.max_retries = timeout, max_retries
        self._base, self._token = parsed.path.rstrip("/"), token
        self.pool = _Pool(host, port, connect_timeout, (tls or ssl.create_default_context()) if parsed.scheme == "https" else None)

    def deadline(self, call: _Call[Any]) -> float:
        return time.monotonic() + (self.timeout if call.timeout is None else call.timeout)

    def run(self, call: _Call[_T], deadline: float, cancelled: threading.Event) -> _T:
        attempt = 0
        while True:
            try:
                return self._send(call, deadline)
            except (Unavailable, OutcomeUnknown) as error:
                pause = max(error.retry_after or 0, random.uniform(0.5, 1) * min(0.25 * 2**attempt, 2))
                safe = call.repeatable or isinstance(error, Unavailable)
                if not safe or attempt >= self.max_retries or time.monotonic() + pause >= deadline or cancelled.is_set():
                    raise
                _log.warning("no answer: %s; trying again", error)
                if cancelled.wait(pause):
                    raise
                attempt += 1

    def _send(self, call: _Call[_T], deadline: float) -> _T:
        headers, body = self._headers(call), None
        if call.body is not None:
            try:
                body = _write(call.body).encode()
            except (TypeError, ValueError):
                raise InvalidRequest("the call has a value that JSON can't have, or a time without a time zone", code="invalid_body") from None
        status, fields, data = self.pool.exchange(call.method, self._base + call.path, body, headers, deadline)
        try:
            answer = json.loads(data, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            answer = None
        if status == 200 or status in (201, 204) and call.path.startswith("/v1/admin/"):
            return call.read(answer, fields.get("ETag"))
        raise _problem(status, fields, answer if isinstance(answer, dict) else {}, [self._token, call.secret, (call.body or {}).get("secret")])

    def _headers(self, call: _Call[Any]) -> Dict[str, Union[str, bytes]]:
        if not call.path.startswith("/") or not _sendable(call.path):
            raise InvalidRequest('a path is like "/v1/admin/audit?limit=10", with other characters percent-encoded', code="invalid_path")
        if call.method == "PATCH" and call.version is None:
            raise InvalidRequest('pass what you have read, or its version; version="*" changes it whatever it is now', code="precondition_required")
        headers: Dict[str, Union[str, bytes]] = {"Accept": "application/json"}
        if call.secret is None:
            headers["Authorization"] = "Bearer " + self._token
        elif call.secret:
            headers["Authorization" if " " in call.secret else "X-API-Key"] = call.secret
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        if call.version is not None:
            if not _sendable(call.version):
                raise Changed("no key or plan had such a version", code="changed")
            headers["If-Match"] = call.version
        if call.idempotency_key is not None:
            if not call.idempotency_key.isprintable():
                raise InvalidRequest("an idempotency key has no control characters", code="invalid_idempotency_key")
            headers["Idempotency-Key"] = call.idempotency_key.encode()
        return headers


def _no_constant(_: str) -> None:
    raise ValueError  # NaN and Infinity, which are not JSON


def _problem(status: int, fields: Any, problem: Dict[str, Any], secrets: List[Any]) -> RationError:
    """Makes an error of an answer that is no success."""
    code = problem.get("code")
    code = code if isinstance(code, str) else ""
    kind = _ERRORS.get(code)
    if kind is None:
        kind = TokenRefused if status in (401, 403) else InvalidRequest if 400 <= status < 500 else OutcomeUnknown
    text = f"Ration answered with status {status}" + (f" {_printable(code)}" if code else "")
    if isinstance(problem.get("detail"), str):
        text += ": " + _printable(problem["detail"])
    elif 300 <= status < 400:
        text += ", which leads elsewhere; the client goes nowhere but to its URL"
    faults = problem.get("errors")
    errors = [{name: str(fault.get(name, "")) for name in ("pointer", "detail")} for fault in faults if isinstance(fault, dict)] if isinstance(faults, list) else []
    for fault in errors[:3]:
        text += f"; {_printable(fault['pointer'])}: {_printable(fault['detail'])}"
    for secret in secrets:  # which something between Ration and us may repeat
        if isinstance(secret, str) and len(secret) > 3:
            text = text.replace(secret, "[redacted]")
    wait = problem.get("retry_after")
    if type(wait) is not int:
        said = fields.get("Retry-After") or ""
        wait = int(said) if re.fullmatch(r"[0-9]{1,9}", said) else None
    return kind(text, code=code, status=status, request_id=fields.get("X-Request-Id") or "", retry_after=wait, errors=errors)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:300])


class _Pool:
    """Connections to Ration that are kept open."""

    most = 64  # kept while idle
    idle = 30.0  # seconds after which one isn't used again; Ration closes them after 120
    largest = 64 << 20  # bytes of an answer

    def __init__(self, host: str, port: Optional[int], connect_timeout: float, tls: Optional[ssl.SSLContext]):
        self.host, self.port, self.tls = host, port or (443 if tls else 80), tls
        self.where = f"{'https' if tls else 'http'}://" + (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        self._connect_timeout = connect_timeout
        self._pid = os.getpid()
        self._idle: Deque[Tuple[float, _Connection]] = collections.deque()  # without a lock, which a fork could leave locked

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
        until = min(deadline, time.monotonic() + self._connect_timeout)
        connection = _Connection(self.host, self.port)
        try:
            plain = _dial(self.host, self.port, until)
            try:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                plain.settimeout(_left(until))
                connection.use(_Timed(self.tls.wrap_socket(plain, server_hostname=self.host) if self.tls else plain))
            except BaseException:
                plain.close()
                raise
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"Ration can't be reached at {self.where}: {type(error).__name__}") from None
        return connection

    def _take(self) -> Optional[_Connection]:
        if self._pid != os.getpid():  # the connections belong to the process that we were forked from
            self._pid = os.getpid()
            self.close()  # ours; theirs stay open
        while True:
            try:
                since, connection = self._idle.pop()
            except IndexError:
                return None
            if time.monotonic() - since < self.idle and not connection.timed.is_readable():
                return connection
            connection.close()

    def _give(self, connection: _Connection) -> None:
        if self._pid == os.getpid() and len(self._idle) < self.most:
            self._idle.append((time.monotonic(), connection))
        else:
            connection.close()

    def close(self) -> None:
        while True:
            try:
                self._idle.pop()[1].close()
            except IndexError:
                return

    def __del__(self) -> None:
        if hasattr(self, "_idle"):
            self.close()


def _dial(host: str, port: int, until: float) -> socket.socket:
    """Connects to the first address of a host that answers. Each has its share of the time."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for i, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(_left(until) / (len(addresses) - i))
            sock.connect(address)
            return sock
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError) or i == len(addresses) - 1:
                raise
    raise OSError("the host has no address")


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


# FastAPI.


class _Refused(Exception):
    """Carries what the client of a FastAPI app gets in place of the endpoint's answer."""

    def __init__(self, response: ClientResponse):
        super().__init__("the request was refused; call ration.install(app), so that the app's client is told")
        self.response = response


_default: Optional[AsyncClient] = None

Charged = Union[Amounts, Callable[["fastapi.Request"], Amounts], None]  # what a request costs, or how to tell


@overload
def charge(amounts: Charged = None, *, scope: Optional[str] = None, client: Optional[AsyncClient] = None,
           fail_open: Literal[False] = False) -> Callable[..., Awaitable[Decision]]: ...


@overload
def charge(amounts: Charged = None, *, scope: Optional[str] = None, client: Optional[AsyncClient] = None, fail_open: bool) -> Callable[..., Awaitable[Optional[Decision]]]: ...


def charge(amounts: Charged = None, *, scope: Optional[str] = None, client: Optional[AsyncClient] = None, fail_open: bool = False) -> Callable[..., Awaitable[Any]]:
    """Makes a FastAPI dependency: Depends(charge()), Depends(charge({"tokens": 5})), Depends(charge(scope="write")).

    Its value is the Decision. The app needs install(app). amounts may be a function of the request. Without a client,
    RATION_URL and RATION_TOKEN say whom to ask. If nobody decides, the app's client gets 503 and the endpoint doesn't
    run. fail_open lets such requests through, uncounted, while Ration can't be reached; then the value is None.
    """
    from fastapi import Request

    async def dependency(request: Request) -> Optional[Decision]:
        try:
            cost = amounts(request) if callable(amounts) else amounts
            decision = await (client or _shared()).verify(_secret_of(request), cost, scope=scope, ip=request.client.host if request.client else None)
        except Exception as error:  # also what the environment lacks
            _log.warning("no decision: %s", error if isinstance(error, RationError) else type(error).__name__)  # whose text may quote what it got
            if fail_open and isinstance(error, (Unavailable, OutcomeUnknown)):
                return None
            raise _Refused(ClientResponse(503, {"Retry-After": "5"}, "")) from None
        if not decision.allowed:
            raise _Refused(decision.response)
        request.state.ration_headers = decision.response.headers
        return decision

    dependency.__annotations__["request"] = Request  # FastAPI would look for its name in this module
    return dependency


def usage_page(client: Optional[AsyncClient] = None) -> Callable[..., Awaitable[Any]]:
    """Makes a FastAPI endpoint where holders of keys see what remains: app.get("/v1/usage")(usage_page()).

    That is where answers with status 429 say that it is. It costs nothing.
    """
    from fastapi import Request, Response

    async def usage(request: Request) -> Any:
        try:
            own = await (client or _shared()).own_usage(_secret_of(request))
            return Response(_write(own.raw), 200, {"Cache-Control": "no-store"}, "application/json")
        except KeyRefused as error:
            headers = {"WWW-Authenticate": 'Bearer realm="api"'} if error.status in (0, 401) else {"Retry-After": str(error.retry_after)} if error.retry_after else {}
            return Response(_write({"status": error.status or 401, "code": error.code}), error.status or 401, headers, "application/problem+json")
        except Exception as error:
            _log.warning("no usage: %s", error if isinstance(error, RationError) else type(error).__name__)
            return Response("", 503, {"Retry-After": "5"})

    usage.__annotations__["request"] = Request
    return usage


def _secret_of(request: fastapi.Request) -> Optional[str]:
    secret: Optional[str] = request.headers.get("X-API-Key") or request.headers.get("Authorization")
    return secret


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
