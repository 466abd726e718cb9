"""What the types allow and refuse: mypy --strict wants each ignored error to be one."""
from datetime import datetime, timezone
from decimal import Decimal
from typing import List, Optional, Union

import ration


def uses(client: ration.Client) -> Optional[ration.Reservation]:
    decision: ration.Decision = client.verify("rk_x", {"tokens": 5, "eur": Decimal("0.01")}, ip="203.0.113.7", scope="write", idempotency_key="k", timeout=0.1)
    remaining: Union[int, Decimal] = decision.limits[0].remaining
    resets: Optional[datetime] = decision.limits[0].resets_at
    decision.key.owner  # type: ignore[union-attr]
    client.verify("rk_x", {"tokens": None})  # type: ignore[dict-item]
    client.verify("rk_x", idempotency="k")  # type: ignore[call-arg]
    held = client.reserve(None, ttl_seconds=60, at_expiry="release").reservation
    client.settle(held)  # type: ignore[arg-type]
    print(resets)
    return client.settle(held, {"tokens": remaining}, over="clamp") if held else None


def administers(admin: ration.Admin) -> List[str]:
    issued = admin.create_key("Ada", owner="ada", limits=[{"limit": "5/day", "expires_at": datetime.now(timezone.utc)}])
    admin.create_key()  # type: ignore[call-arg]
    status = admin.show_key(issued.key.id)
    admin.update_key(status, {"plam": "pro"})  # type: ignore[typeddict-item]
    try:
        admin.update_key(status, {"plan": "pro", "owner": None})
    except ration.Changed as error:
        print(error.code, error.retry_after)
    report = admin.usage(owner="ada", from_="2030-01-01", group_by=["key", "month"])
    print(report.sums[0].month, [plan.limits for plan in admin.list_plans()])
    return [key.id for key in admin.keys(owner="ada", today=True)]


async def awaits(client: ration.AsyncClient, admin: ration.AsyncAdmin) -> List[str]:
    async with client, admin:
        decision: ration.Decision = await client.verify("rk_x")
        client.verify("rk_x").allowed  # type: ignore[attr-defined,misc]
        key: ration.KeyRecord = await admin.disable_key("key_x")
        return [key.id, decision.code] + [key.id async for key in admin.keys(owner="ada")]
