"use strict";
// Asks Ration about requests: verify, reserve, settle, void. The types are in ration.d.ts.

const { randomUUID } = require("node:crypto");
const { setTimeout: pause } = require("node:timers/promises");

class RationError extends Error {
  constructor(message, { code = "", status = 0, requestId = "", retryAfter, errors = [] } = {}) {
    super(message);
    Object.assign(this, { code, status, requestId, retryAfter, errors });
  }

  get name() {
    return this.constructor.name;
  }
}
class Misconfigured extends RationError {}
class Unavailable extends RationError {}
class OutcomeUnknown extends RationError {}
class InvalidRequest extends RationError {}
class TokenRefused extends RationError {}
class IdempotencyMismatch extends InvalidRequest {}
class ReservationUnknown extends InvalidRequest {}
class ReservationConflict extends InvalidRequest {}
class ReservationExpired extends InvalidRequest {}
class SettlementTooLarge extends InvalidRequest {}

const kinds = new Map([
  ["store_unavailable", Unavailable], ["clock_suspect", Unavailable], ["outcome_unknown", OutcomeUnknown],
  ["token_missing", TokenRefused], ["token_invalid", TokenRefused], ["token_lacks_scope", TokenRefused], ["token_unchecked", TokenRefused],
  ["idempotency_mismatch", IdempotencyMismatch], ["reservation_unknown", ReservationUnknown], ["reservation_conflict", ReservationConflict],
  ["reservation_expired", ReservationExpired], ["settlement_too_large", SettlementTooLarge],
]);

// What happens before a connection stands, so that nothing was sent.
const unsent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);

class Client {
  #base;
  #token;
  #timeout;
  #maxRetries;
  #log;

  constructor({ url = process.env.RATION_URL, token = process.env.RATION_TOKEN, timeout = 5000, maxRetries = 2, log = console.warn } = {}) {
    if (!/^[!-~]+$/.test(token ?? "")) { // a header can't hold it, and errors of libraries would quote it
      throw new Misconfigured("the service token is missing, or has characters that no token has; set RATION_TOKEN");
    }
    const base = URL.canParse(url || "http://127.0.0.1:8081") && new URL(url || "http://127.0.0.1:8081");
    if (!base || !["http:", "https:"].includes(base.protocol) || base.username || base.password || base.search || base.hash) {
      throw new Misconfigured('the URL must be like "http://127.0.0.1:8081", without a user, a query and a fragment; set RATION_URL');
    }
    this.#base = base.href.replace(/\/+$/, "");
    this.#token = token;
    this.#timeout = timeout;
    this.#maxRetries = maxRetries;
    this.#log = log;
  }

  verify(secret, amounts, { scope, ip, dryRun, idempotencyKey, ...options } = {}) {
    const body = { secret: secret ?? "", amounts: amounts ?? undefined, scope, ip, dry_run: dryRun || undefined };
    return this.#call("POST", "/v1/verify", { ...options, body, idempotencyKey, read: decision, repeatable: Boolean(dryRun) || idempotencyKey !== undefined });
  }

  reserve(secret, amounts, { scope, ip, id, ttlSeconds, atExpiry, idempotencyKey, ...options } = {}) {
    const body = { secret: secret ?? "", amounts: amounts ?? undefined, scope, ip, id, ttl_seconds: ttlSeconds, at_expiry: atExpiry };
    if (id === undefined) idempotencyKey ??= randomUUID(); // so that a lost answer leaves no second reservation behind
    return this.#call("POST", "/v1/reservations", { ...options, body, idempotencyKey, read: reserved, repeatable: true });
  }

  settle(reservation, amounts, { over, key, ...options } = {}) {
    const body = { amounts: amounts ?? undefined, over, key: key ?? reservation.key };
    return this.#call("POST", pathOf(reservation) + "/settle", { ...options, body, read: ended, repeatable: true });
  }

  void(reservation, { key, ...options } = {}) {
    return this.#call("POST", pathOf(reservation) + "/void", { ...options, body: { key: key ?? reservation.key }, read: ended, repeatable: true });
  }

  reservation(reservation, { key, ...options } = {}) {
    key ??= reservation.key;
    const query = key ? "?" + new URLSearchParams({ key }) : "";
    return this.#call("GET", pathOf(reservation) + query, { ...options, read: ended, repeatable: true });
  }

  async #call(method, path, { timeout = this.#timeout, read, repeatable, ...more }) {
    const deadline = performance.now() + timeout;
    const signal = AbortSignal.timeout(timeout); // of all attempts together
    for (let attempt = 0; ; attempt++) {
      try {
        return read(await this.#send(method, path, signal, more));
      } catch (error) {
        const safe = error instanceof Unavailable || (repeatable && error instanceof OutcomeUnknown);
        const wait = Math.max(1000 * (error.retryAfter ?? 0), (0.5 + Math.random() / 2) * Math.min(250 * 2 ** attempt, 2000));
        if (!safe || attempt >= this.#maxRetries || performance.now() + wait >= deadline) throw error;
        this.#log(`ration: no decision: ${error.message}; trying again`);
        await pause(wait);
      }
    }
  }

  async #send(method, path, signal, { body, idempotencyKey }) {
    const headers = { Authorization: `Bearer ${this.#token}`, Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (idempotencyKey !== undefined) headers["Idempotency-Key"] = Buffer.from(idempotencyKey).toString("latin1"); // UTF-8, byte for byte
    let answer, text;
    try {
      answer = await fetch(this.#base + path, { method, headers, signal, redirect: "error", body: body && JSON.stringify(body) });
      text = await answer.text();
    } catch (error) { // its text may quote what was sent
      const code = error.cause?.code ?? error.name;
      if (!answer && unsent.has(code)) throw new Unavailable(`Ration can't be reached: ${code}`);
      throw new OutcomeUnknown(`Ration's answer was lost: ${code}`);
    }
    const parsed = parse(text);
    if (answer.status !== 200) throw problem(answer, parsed ?? {});
    return parsed;
  }
}

function pathOf(reservation) {
  return "/v1/reservations/" + encodeURIComponent(reservation.id ?? reservation);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// problem makes an error of an answer that is no decision.
function problem(answer, { code, detail, retry_after: retryAfter, errors }) {
  const { status } = answer;
  const Kind = kinds.get(code) ?? ([401, 403].includes(status) ? TokenRefused : status >= 400 && status < 500 ? InvalidRequest : OutcomeUnknown);
  let message = `Ration answered with status ${status}`;
  if (typeof code === "string") message += ` ${printable(code)}`;
  if (typeof detail === "string") message += `: ${printable(detail)}`;
  return new Kind(message, {
    code: typeof code === "string" ? code : "", status, requestId: answer.headers.get("X-Request-Id") ?? "",
    retryAfter: typeof retryAfter === "number" ? retryAfter : undefined, errors: Array.isArray(errors) ? errors : [],
  });
}

function printable(text) {
  return text.slice(0, 300).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ");
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === "string";

// decision lets nobody through by an answer that is not a whole decision.
function decision(answer) {
  const said = answer?.response;
  const whole = typeof answer?.allowed === "boolean" && isText(answer.code) && Number.isInteger(said?.status) && isText(said.body)
    && isObject(said.headers) && Object.values(said.headers).every(isText);
  if (!whole) throw new OutcomeUnknown("Ration's answer can't be read", { status: 200 });
  return answer;
}

function reserved(answer) {
  if (decision(answer).allowed) ended(answer.reservation);
  return answer;
}

function ended(answer) {
  if (!isText(answer?.id) || !isText(answer.state) || !isObject(answer.held)) throw new OutcomeUnknown("Ration's answer can't be read", { status: 200 });
  return answer;
}

let shared;

// charge makes an Express middleware.
function charge(amounts, { scope, client, log = console.warn } = {}) {
  return async (req, res, next) => {
    try {
      const secret = req.get("X-API-Key") || req.get("Authorization");
      const decided = await (client ?? (shared ??= new Client())).verify(secret, amounts, { scope, ip: req.ip });
      for (const [name, value] of Object.entries(decided.response.headers)) res.append(name, value);
      if (!decided.allowed) {
        res.status(decided.response.status).end(decided.response.body);
        return;
      }
      req.ration = decided;
    } catch (error) {
      log(`ration: no decision: ${error instanceof RationError ? error.message : error.name}`); // other texts may quote what they got
      res.status(503).set("Retry-After", "5").end();
      return;
    }
    next();
  };
}

module.exports = {
  Client, charge, RationError, Misconfigured, Unavailable, OutcomeUnknown, InvalidRequest, TokenRefused,
  IdempotencyMismatch, ReservationUnknown, ReservationConflict, ReservationExpired, SettlementTooLarge,
};
