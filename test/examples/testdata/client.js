"use strict";
// Makes the calls that come as lines of JSON, and prints what became of each.

const { createInterface } = require("node:readline");
const { inspect } = require("node:util");
const ration = require("../../../clients/typescript");

// How calls that Python makes with named arguments are made here.
const shapes = {
  create_key: ([name], { timeout, idempotencyKey, ...key }) => [{ name, ...key }, { timeout, idempotencyKey }],
  list_keys: (_, { timeout, ...selection }) => [selection, { timeout }],
  keys: (_, { timeout, ...selection }) => [selection, { timeout }],
  add_secret: ([id, label], { timeout, ...secret }) => [id, { label, ...secret }, { timeout }],
  usage: (_, { timeout, from_: from, groupBy, ...selection }) => [{ from, groupBy, ...selection }, { timeout }],
  create_plan: ([name, limits], { timeout, ...plan }) => [{ name, limits, ...plan }, { timeout }],
};
const places = { verify: 2, reserve: 2, settle: 2, update_key: 2, update_plan: 2, revoke_secret: 2, request: 3, list_plans: 0 };
const names = { dry_run: "dryRun", idempotency_key: "idempotencyKey", at_expiry: "atExpiry", ttl_seconds: "ttlSeconds", group_by: "groupBy" };

function told(outcome) {
  if (outcome?.state) return { reservation: outcome.id, state: outcome.state, settled: outcome.settled ?? {} };
  if (outcome?.allowed === undefined) {
    if (outcome?.secret && inspect(outcome).includes(outcome.secret)) throw new Error("a secret is in what console.log shows");
    return { answer: outcome ?? null };
  }
  return {
    allowed: outcome.allowed, code: outcome.code, replayed: outcome.replayed ?? false, status: outcome.response.status,
    reservation: outcome.reservation?.id ?? "", owner: outcome.key?.owner ?? "", remaining: outcome.limits?.map((limit) => limit.remaining) ?? [],
  };
}

function failed(error) {
  if (!(error instanceof ration.RationError)) throw error;
  return { error: error.name, code: error.code, status: error.status, text: error.message, request_id: error.requestId };
}

async function all(sequence) {
  const items = [];
  for await (const item of sequence) items.push(item);
  return items;
}

async function main() {
  const [client, admin] = [new ration.Client(), new ration.Admin()];
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: asked, args, options } = JSON.parse(line);
    const named = Object.fromEntries(Object.entries(options).map(([name, value]) => [names[name] ?? name, name === "timeout" ? value * 1000 : value]));
    const method = asked.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
    const target = method in client ? client : admin;
    const given = shapes[asked]?.(args, named) ?? [...Array.from({ length: places[asked] ?? 1 }, (_, i) => args[i]), named];
    const outcome = method === "keys" ? all(target.keys(...given)) : target[method](...given);
    console.log(JSON.stringify(await outcome.then(told, failed)));
  }
  client.close();
  admin.close();
}

if (process.argv.length > 2) { // a token that can't be one
  process.env.RATION_TOKEN = process.argv[2];
  try {
    new ration.Client();
  } catch (error) {
    console.log(JSON.stringify(failed(error)));
  }
} else {
  main();
}
