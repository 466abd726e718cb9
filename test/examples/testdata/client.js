"use strict";
// Makes the calls that come as lines of JSON, and prints what became of each.

const { createInterface } = require("node:readline");
const ration = require("../../../clients/typescript");

const names = { dry_run: "dryRun", idempotency_key: "idempotencyKey", ttl_seconds: "ttlSeconds", at_expiry: "atExpiry" };

function told(outcome) {
  if (outcome.state) return { reservation: outcome.id, state: outcome.state, settled: outcome.settled ?? {} };
  return {
    allowed: outcome.allowed, code: outcome.code, replayed: outcome.replayed ?? false, status: outcome.response.status,
    reservation: outcome.reservation?.id ?? "", owner: outcome.key?.owner ?? "", remaining: outcome.limits?.map((limit) => limit.remaining) ?? [],
  };
}

function failed(error) {
  if (!(error instanceof ration.RationError)) throw error;
  return { error: error.name, code: error.code, status: error.status, text: error.message, request_id: error.requestId };
}

async function main() {
  const client = new ration.Client();
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: method, args, options } = JSON.parse(line);
    const named = Object.fromEntries(Object.entries(options).map(([name, value]) => [names[name] ?? name, name === "timeout" ? value * 1000 : value]));
    const places = { verify: 2, reserve: 2, settle: 2, void: 1, reservation: 1 }[method];
    const call = client[method](...Array.from({ length: places }, (_, i) => args[i]), named);
    console.log(JSON.stringify(await call.then(told, failed)));
  }
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
