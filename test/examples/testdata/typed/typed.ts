// What the types allow and refuse: each @ts-expect-error has to be one.
import { Admin, Changed, charge, Client, Decision, KeyRecord, Limit, RationError, Reservation, SettlementTooLarge, Unavailable } from "ration-client";

async function uses(client: Client): Promise<Reservation | undefined> {
  const decision: Decision = await client.verify("rk_x", { tokens: 5 }, { ip: "203.0.113.7", scope: "write", idempotencyKey: "k", timeout: 100 });
  const limits: Limit[] = decision.limits;
  const remaining: number = limits[0].remaining;
  const header: string | undefined = decision.response.headers["RateLimit"];
  const owner: string | undefined = decision.key?.owner;
  // @ts-expect-error: the key may be unknown
  decision.key.owner;
  // @ts-expect-error: units are numbers
  await client.verify("rk_x", { tokens: "five" });
  await client.verify("rk_x", { eur: "0.01", tokens: 9007199254740993n }, { signal: new AbortController().signal });
  // @ts-expect-error: there is no such option
  await client.verify("rk_x", {}, { idempotency: "k" });
  const reserved = await client.reserve(undefined, null, { ttlSeconds: 60, atExpiry: "release" });
  // @ts-expect-error: only if it is allowed
  await client.settle(reserved.reservation);
  if (!reserved.allowed) return undefined;
  try {
    return await client.settle(reserved.reservation, { tokens: remaining }, { over: "clamp" });
  } catch (error) {
    if (error instanceof SettlementTooLarge) return client.void(reserved.reservation);
    if (error instanceof Unavailable || error instanceof RationError) console.warn(error.code, error.requestId, error.retryAfter, header, owner);
    throw error;
  }
}

async function administers(admin: Admin): Promise<string> {
  const issued = await admin.createKey({ name: "Ada", owner: "ada", limits: [{ limit: "5/day", expires_at: new Date() }] });
  // @ts-expect-error: a key has a name
  await admin.createKey({ owner: "ada" });
  for await (const key of admin.keys({ owner: "ada", limit: 2 })) {
    const record: KeyRecord = key;
    // @ts-expect-error: a list doesn't have what remains
    record.limits;
  }
  const status = await admin.showKey(issued.key.id);
  const remaining: number = status.limits[0].remaining;
  // @ts-expect-error: there is no such member
  await admin.updateKey(status, { plam: "pro" });
  try {
    await admin.updateKey(status, { plan: "pro", owner: null });
  } catch (error) {
    if (error instanceof Changed) await admin.updateKey(issued.key.id, { plan: "pro" }, { version: "*" });
  }
  const report = await admin.usage({ owner: "ada", from: "2030-01-01", groupBy: ["key", "month"] });
  return `${remaining} ${report.sums[0].month} ${(await admin.listPlans())[0].limits[0].quantity}`;
}

const client = new Client({ url: "http://127.0.0.1:8081", token: "rt_x", timeout: 1000, maxRetries: 0, log: (message) => console.warn(message) });
const middleware = charge({ tokens: 5 }, { scope: "write", client });
const priced = charge((req) => ({ tokens: req.body.length }), { failOpen: true });
const next: Promise<void> = middleware({ get: () => undefined } as any, {} as any, () => undefined);
const ration: Express.Request = {};
uses(client).then((reservation) => console.log(reservation?.state, ration.ration?.code, next, priced, administers(new Admin())));
