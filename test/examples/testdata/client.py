"""Makes the calls that come as lines of JSON, and prints what became of each."""
import asyncio
import dataclasses
import json
import os
import sys
from decimal import Decimal

import ration


def told(outcome):
    if isinstance(outcome, ration.Decision):
        held = outcome.reservation
        return {"allowed": outcome.allowed, "code": outcome.code, "replayed": outcome.replayed, "status": outcome.response.status,
                "reservation": held.id if held else "", "owner": outcome.key.owner if outcome.key else "", "remaining": [limit.remaining for limit in outcome.limits]}
    if isinstance(outcome, ration.Reservation):
        return {"reservation": outcome.id, "state": outcome.state, "settled": outcome.settled or {}}
    if isinstance(outcome, ration.IssuedSecret) and outcome.secret in repr(outcome):
        raise AssertionError("a secret is in the repr of what has it")
    return {"answer": outcome}


def shown(value):
    if isinstance(value, Decimal):
        return float(value)
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value.isoformat()


async def call(clients, line):
    asked = json.loads(line)
    verify, admin = clients[asked["async"]]
    do, args, options = asked["do"], asked["args"], asked["options"]
    try:
        method = getattr(verify if hasattr(verify, do) else admin, do)
        if do == "keys":
            return told([key async for key in method(*args, **options)] if asked["async"] else list(method(*args, **options)))
        outcome = method(*args, **options)
        return told(await outcome if asked["async"] else outcome)
    except ration.RationError as error:
        return {"error": type(error).__name__, "code": error.code, "status": error.status, "text": str(error), "request_id": error.request_id}


async def main():
    clients = {False: (ration.Client(), ration.Admin()), True: (ration.AsyncClient(), ration.AsyncAdmin())}
    for line in sys.stdin:
        print(json.dumps(await call(clients, line), default=shown), flush=True)
    for verify, admin in clients.values():
        closing = [verify.close(), admin.close()]
        if closing[0]:
            await asyncio.gather(*closing)


if len(sys.argv) > 1:  # a token that can't be one
    os.environ["RATION_TOKEN"] = sys.argv[1]
    try:
        ration.Client()
    except ration.Misconfigured as error:
        print(json.dumps({"error": type(error).__name__, "text": str(error)}))
else:
    asyncio.run(main())
