"""Makes the calls that come as lines of JSON, and prints what became of each."""
import asyncio
import json
import os
import sys

import ration


def told(outcome):
    if isinstance(outcome, ration.Decision):
        held = outcome.reservation
        return {"allowed": outcome.allowed, "code": outcome.code, "replayed": outcome.replayed, "status": outcome.response.status,
                "reservation": held.id if held else "", "owner": outcome.key.owner if outcome.key else "", "remaining": [limit.remaining for limit in outcome.limits]}
    return {"reservation": outcome.id, "state": outcome.state, "settled": outcome.settled or {}}


async def call(clients, line):
    asked = json.loads(line)
    try:
        outcome = getattr(clients[asked["async"]], asked["do"])(*asked["args"], **asked["options"])
        return told(await outcome if asked["async"] else await asyncio.to_thread(lambda: outcome))
    except ration.RationError as error:
        return {"error": type(error).__name__, "code": error.code, "status": error.status, "text": str(error), "request_id": error.request_id}


async def main():
    clients = {False: ration.Client(), True: ration.AsyncClient()}
    for line in sys.stdin:
        print(json.dumps(await call(clients, line)), flush=True)
    clients[False].close()
    await clients[True].close()


if len(sys.argv) > 1:  # a token that can't be one
    os.environ["RATION_TOKEN"] = sys.argv[1]
    try:
        ration.Client()
    except ration.Misconfigured as error:
        print(json.dumps({"error": type(error).__name__, "text": str(error)}))
else:
    asyncio.run(main())
