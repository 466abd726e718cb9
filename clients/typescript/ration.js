"use strict";
// Client of Ration: API keys and exact, durable quotas. The types are in ration.d.ts.

const { randomUUID } = require("node:crypto");
const http = require("node:http");
const https = require("node:https");
const { setImmediate: turn } = require("node:timers/promises");
const { inspect } = require("node:util");

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
class KeyRefused extends RationError {}
class IdempotencyMismatch extends InvalidRequest {}
class ReservationUnknown extends InvalidRequest {}
class ReservationConflict extends InvalidRequest {}
class ReservationExpired extends InvalidRequest {}
class SettlementTooLarge extends InvalidRequest {}
class NotFound extends InvalidRequest {}
class AlreadyExists extends InvalidRequest {}
class Conflict extends InvalidRequest {}
class Changed extends InvalidRequest {}

const kinds = new Map([
  ["store_unavailable", Unavailable], ["clock_suspect", Unavailable], ["usage_busy", Unavailable], ["outcome_unknown", OutcomeUnknown],
  ["idempotency_key_in_use", OutcomeUnknown],
  ["token_missing", TokenRefused], ["token_invalid", TokenRefused], ["token_lacks_scope", TokenRefused], ["token_unchecked", TokenRefused], ["token_narrowed", TokenRefused],
  ["key_missing", KeyRefused], ["key_unknown", KeyRefused], ["key_unchecked", KeyRefused], ["key_expired", KeyRefused], ["key_disabled", KeyRefused],
  ["key_revoked", KeyRefused], ["ip_not_allowed", KeyRefused], ["idempotency_mismatch", IdempotencyMismatch], ["reservation_unknown", ReservationUnknown],
  ["reservation_conflict", ReservationConflict], ["reservation_expired", ReservationExpired], ["settlement_too_large", SettlementTooLarge],
  ["not_found", NotFound], ["exists", AlreadyExists], ["conflict", Conflict], ["changed", Changed],
]);

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === "string";
const isSendable = (text) => /^[!-~]*$/.test(text); // errors of libraries would quote what a header can't hold

class Client {
  #sender;

  constructor(options = {}) {
    this.#sender = new Sender(options, "RATION_", "http://127.0.0.1:8081");
  }

  async verify(secret, amounts, { scope, ip, dryRun, idempotencyKey, ...options } = {}) {
    const body = { secret: secret ?? "", amounts: exact(amounts), scope, ip, dry_run: dryRun || undefined };
    return this.#sender.call("POST", "/v1/verify", { body, idempotencyKey, read: decision, repeatable: Boolean(dryRun) || idempotencyKey !== undefined }, options);
  }

  async reserve(secret, amounts, { scope, ip, id, ttlSeconds, atExpiry, idempotencyKey, ...options } = {}) {
    const body = { secret: secret ?? "", amounts: exact(amounts), scope, ip, id, ttl_seconds: ttlSeconds, at_expiry: atExpiry };
    if (id === undefined) idempotencyKey ??= randomUUID(); // so that a lost answer leaves no second reservation behind
    return this.#sender.call("POST", "/v1/reservations", { body, idempotencyKey, read: reserved, repeatable: true }, options);
  }

  async settle(reservation, amounts, { over, key, ...options } = {}) {
    const body = { amounts: exact(amounts), over, key: key ?? reservation?.key };
    return this.#sender.call("POST", reservationPath(reservation) + "/settle", { body, read: ended, repeatable: true }, options);
  }

  async void(reservation, { key, ...options } = {}) {
    const body = { key: key ?? reservation?.key };
    return this.#sender.call("POST", reservationPath(reservation) + "/void", { body, read: ended, repeatable: true }, options);
  }

  async reservation(reservation, { key, ...options } = {}) {
    const path = reservationPath(reservation) + query({ key: key ?? reservation?.key });
    return this.#sender.call("GET", path, { read: ended, repeatable: true }, options);
  }

  async ownUsage(secret, { path = "/v1/usage", ...options } = {}) {
    if (!isSendable(String(secret ?? "").replaceAll(" ", ""))) throw new KeyRefused("no key has this secret: a header can't hold it", { code: "key_unknown" });
    return this.#sender.call("GET", path, { secret: secret ?? "", read: having((a) => isObject(a.key) && Array.isArray(a.limits)), repeatable: true }, options);
  }

  close() {
    this.#sender.close();
  }
}

class Admin {
  #sender;

  constructor(options = {}) {
    this.#sender = new Sender(options, "RATION_ADMIN_", "http://127.0.0.1:8082");
  }

  async createKey(key, { idempotencyKey = randomUUID(), ...options } = {}) {
    return this.#sender.call("POST", "/v1/admin/keys", { body: key, idempotencyKey, read: issued, repeatable: true }, options);
  }

  async showKey(id, options) {
    return this.#sender.call("GET", keyPath(id), { read: having((a) => isText(a.id) && Array.isArray(a.limits)), repeatable: true }, options);
  }

  async listKeys(selection, options) {
    return this.#sender.call("GET", "/v1/admin/keys" + query(selection), { read: having((a) => Array.isArray(a.items)), repeatable: true }, options);
  }

  async *keys(selection, options) {
    for (let cursor = selection?.cursor; cursor !== null; ) {
      const page = await this.listKeys({ ...selection, cursor }, options);
      yield* page.items;
      cursor = page.next_cursor ?? null;
    }
  }

  async updateKey(key, changes, { version = key?.version, ...options } = {}) {
    return this.#sender.call("PATCH", keyPath(key), { body: changes, version, read: named }, options);
  }

  async disableKey(id, options) {
    return this.#sender.call("POST", keyPath(id, "disable"), { read: named, repeatable: true }, options);
  }

  async enableKey(id, options) {
    return this.#sender.call("POST", keyPath(id, "enable"), { read: named }, options); // not repeatable: somebody may disable it in between
  }

  async revokeKey(id, options) {
    return this.#sender.call("POST", keyPath(id, "revoke"), { read: named, repeatable: true }, options);
  }

  async rotateKey(id, { label, overlap, idempotencyKey = randomUUID(), ...options } = {}) {
    return this.#sender.call("POST", keyPath(id, "rotate"), { body: { label, overlap }, idempotencyKey, read: issued, repeatable: true }, options);
  }

  async addSecret(id, secret, { idempotencyKey = randomUUID(), ...options } = {}) {
    return this.#sender.call("POST", keyPath(id, "secrets"), { body: secret, idempotencyKey, read: issued, repeatable: true }, options);
  }

  async revokeSecret(id, secretId, options) {
    return this.#sender.call("DELETE", keyPath(id, "secrets", secretId), { read: named, repeatable: true }, options);
  }

  async usage({ groupBy, ...selection } = {}, options) {
    const path = "/v1/admin/usage" + query({ ...selection, group_by: groupBy?.toString() });
    return this.#sender.call("GET", path, { read: having((a) => Array.isArray(a.sums) && Array.isArray(a.totals)), repeatable: true }, options);
  }

  async listPlans(options) {
    return (await this.#sender.call("GET", "/v1/admin/plans?limit=1000", { read: having((a) => Array.isArray(a.items)), repeatable: true }, options)).items;
  }

  async showPlan(name, options) {
    return this.#sender.call("GET", planPath(name), { read: named, repeatable: true }, options);
  }

  async createPlan(plan, { idempotencyKey = randomUUID(), ...options } = {}) {
    return this.#sender.call("POST", "/v1/admin/plans", { body: plan, idempotencyKey, read: named, repeatable: true }, options);
  }

  async updatePlan(plan, changes, { version = plan?.version, ...options } = {}) {
    return this.#sender.call("PATCH", planPath(plan), { body: changes, version, read: named }, options);
  }

  async deletePlan(name, options) {
    await this.#sender.call("DELETE", planPath(name), { read: () => undefined }, options);
  }

  async request(method, path, body, { version, idempotencyKey, ...options } = {}) {
    const repeatable = method === "GET" || idempotencyKey !== undefined;
    return this.#sender.call(method, path, { body, version, idempotencyKey, read: (answer) => answer, repeatable }, options);
  }

  close() {
    this.#sender.close();
  }
}

// Writing calls.

// Exactly is a number that is sent as it is written.
class Exactly {
  constructor(text) {
    this.text = text;
  }
}

// exact takes care that each amount is a number, and arrives as the one that was meant.
function exact(amounts) {
  if (!isObject(amounts)) return amounts ?? undefined;
  return Object.fromEntries(Object.entries(amounts).map(([meter, amount]) => {
    const isExact = typeof amount === "bigint" || (typeof amount === "number" && Math.abs(amount) <= Number.MAX_SAFE_INTEGER) || /^-?(0|[1-9]\d*)(\.\d+)?$/.test(isText(amount) ? amount : "");
    if (!isExact) {
      const detail = typeof amount === "number" && Number.isFinite(amount) ? "a number of this size may be another one than was meant; use a BigInt" : "use a number";
      throw new InvalidRequest(`the amount of ${printable(meter)} is no number: ${detail}`, { code: "invalid_value", errors: [{ pointer: `/amounts/${meter}`, detail }] });
    }
    return [meter, new Exactly(String(amount))];
  }));
}

// write writes JSON. What JSON would make null of, which takes away or means nothing, is no value.
function write(value) {
  if (value instanceof Exactly) return value.text;
  if (typeof value === "bigint") return String(value);
  if (["function", "symbol"].includes(typeof value) || (typeof value === "number" && !Number.isFinite(value)) || (value instanceof Date && Number.isNaN(value.getTime()))) {
    throw new InvalidRequest("the call has a value that JSON can't have, such as NaN or an invalid date", { code: "invalid_body" });
  }
  if (Array.isArray(value)) return `[${value.map((item) => write(item ?? null))}]`;
  if (isObject(value) && !value.toJSON) {
    return `{${Object.entries(value).filter(([, member]) => member !== undefined).map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`)}}`;
  }
  return JSON.stringify(value);
}

function query(parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false);
  return given.length ? "?" + new URLSearchParams(given.map(([name, value]) => [name, value instanceof Date ? value.toISOString().slice(0, 10) : String(value)])) : "";
}

function pathOf(Unknown, code, ...parts) {
  return parts.map((part) => {
    if (["", ".", "..", "undefined", "null", "[object Object]"].includes(String(part))) throw new Unknown("an id is missing", { code }); // or it would be another path
    return encodeURIComponent(String(part).toWellFormed?.() ?? String(part));
  }).join("/");
}

const reservationPath = (reservation) => "/v1/reservations/" + pathOf(ReservationUnknown, "reservation_unknown", reservation?.id ?? reservation);
const keyPath = (key, ...more) => "/v1/admin/keys/" + pathOf(NotFound, "not_found", key?.id ?? key, ...more);
const planPath = (plan) => "/v1/admin/plans/" + pathOf(NotFound, "not_found", plan?.name ?? plan);

// Sending.

// Sender sends calls until they have an answer that counts.
class Sender {
  #base;
  #token;
  #timeout;
  #connectTimeout;
  #maxRetries;
  #log;
  #http;
  #agent;

  constructor(options, variable, usual) {
    if (!isObject(options)) throw new Misconfigured("a client is made with an object of options, such as { url, token }");
    let { url, token, timeout = 5000, connectTimeout = 2000, maxRetries = 2, log = console.warn, ca } = options;
    token ||= process.env[variable + "TOKEN"];
    if (!token || !isText(token) || !isSendable(token)) {
      throw new Misconfigured(`the service token is missing, or has characters that no token has; set ${variable}TOKEN`);
    }
    const text = String(url || process.env[variable + "URL"] || usual);
    const base = URL.canParse(text) && new URL(text);
    if (!base || !["http:", "https:"].includes(base.protocol) || base.username || base.password || base.search || base.hash || !isSendable(text)) {
      throw new Misconfigured(`the URL must be like "http://127.0.0.1:8081", without a user, a query and a fragment; set ${variable}URL`);
    }
    this.#base = base.href.replace(/\/+$/, "");
    this.#token = token;
    this.#timeout = timeout;
    this.#connectTimeout = connectTimeout;
    this.#maxRetries = maxRetries;
    this.#log = log;
    this.#http = base.protocol === "https:" ? https : http;
    this.#agent = new this.#http.Agent({ keepAlive: true, maxFreeSockets: 64, timeout: 30000, ca }); // Ration closes idle connections after 120 s
  }

  close() {
    this.#agent.destroy();
  }

  async call(method, path, { read, repeatable, ...message }, { timeout = this.#timeout, signal } = {}) {
    const deadline = performance.now() + timeout;
    if (!isText(path) || !path.startsWith("/") || !isSendable(path)) {
      throw new InvalidRequest('a path is like "/v1/admin/audit?limit=10", with other characters percent-encoded', { code: "invalid_path" });
    }
    if (method === "PATCH" && message.version === undefined) {
      throw new InvalidRequest('pass what you have read, or its version; { version: "*" } changes it whatever it is now', { code: "precondition_required" });
    }
    const body = message.body === undefined ? undefined : Buffer.from(written(message.body));
    const headers = this.#headers(body, message);
    for (let attempt = 0; ; attempt++) {
      try {
        if (Object.keys(this.#agent.freeSockets).length) await turn().then(() => turn()); // until Node.js knows which of them Ration has closed
        const answer = await this.#exchange(method, path, headers, body, deadline, signal);
        if (answer.status === 200 || (path.startsWith("/v1/admin/") && [201, 204].includes(answer.status))) return read(versioned(answer));
        throw problem(answer, [this.#token, message.secret, message.body?.secret]);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        const safe = error instanceof Unavailable || (repeatable && error instanceof OutcomeUnknown);
        const wait = Math.max(1000 * (error.retryAfter ?? 0), (0.5 + Math.random() / 2) * Math.min(250 * 2 ** attempt, 2000));
        if (!safe || attempt >= this.#maxRetries || performance.now() + wait >= deadline) throw error;
        this.#log(`ration: no answer: ${error.message}; trying again`);
        await pause(wait, signal);
      }
    }
  }

  #headers(body, { idempotencyKey, version, secret }) {
    const headers = { Accept: "application/json" };
    if (secret === undefined) headers.Authorization = `Bearer ${this.#token}`;
    else if (secret) headers[secret.includes(" ") ? "Authorization" : "X-API-Key"] = secret;
    if (body) Object.assign(headers, { "Content-Type": "application/json", "Content-Length": body.length });
    if (version !== undefined) {
      if (!isText(version) || !isSendable(version)) throw new Changed("no key or plan had such a version", { code: "changed" });
      headers["If-Match"] = version;
    }
    if (idempotencyKey !== undefined) {
      if (!isText(idempotencyKey) || /\p{Cc}/u.test(idempotencyKey)) {
        throw new InvalidRequest("an idempotency key is a text without control characters", { code: "invalid_idempotency_key" });
      }
      headers["Idempotency-Key"] = Buffer.from(idempotencyKey).toString("latin1"); // UTF-8, byte for byte
    }
    return headers;
  }

  // It makes its own errors, since the texts of others may quote what was sent.
  #exchange(method, path, headers, body, deadline, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      let connected = false;
      const request = this.#http.request(this.#base + path, { method, headers, agent: this.#agent });
      const fail = (error) => {
        end();
        request.destroy();
        const code = error?.code ?? error?.name ?? "no reason";
        reject(connected ? new OutcomeUnknown(`Ration's answer was lost: ${code}`) : new Unavailable(`Ration can't be reached at ${this.#base}: ${code}`));
      };
      const stop = () => fail(signal.reason);
      const whole = setTimeout(() => fail({ code: "timeout" }), Math.max(0, deadline - performance.now()));
      const connecting = setTimeout(() => fail({ code: "timeout" }), this.#connectTimeout);
      const end = () => {
        clearTimeout(whole);
        clearTimeout(connecting);
        signal?.removeEventListener("abort", stop);
      };
      const connect = () => {
        connected = true;
        clearTimeout(connecting);
      };
      signal?.addEventListener("abort", stop);
      request.on("socket", (socket) => (socket.connecting ? socket.once(this.#http === https ? "secureConnect" : "connect", connect) : connect()));
      request.on("error", fail);
      request.on("response", (response) => collect(response, fail, (text) => {
        end();
        resolve({ status: response.statusCode, headers: response.headers, body: parse(text) });
      }));
      request.end(body);
    });
  }
}

const largest = 64 << 20; // bytes of an answer

// collect reads a whole answer, or fails.
function collect(response, fail, done) {
  const chunks = [];
  let size = 0;
  response.on("error", fail);
  response.on("data", (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > largest) fail({ code: "too large" });
  });
  response.on("end", () => (response.complete ? done(Buffer.concat(chunks).toString()) : fail({ code: "cut off" })));
}

function written(body) {
  try {
    return write(body);
  } catch (error) {
    if (error instanceof RationError) throw error;
    throw new InvalidRequest("the call can't be written as JSON", { code: "invalid_body" });
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop);
  });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// problem makes an error of an answer that is no success.
function problem({ status, headers, body }, secrets) {
  const { code, detail, retry_after: wait, errors } = isObject(body) ? body : {};
  const Kind = kinds.get(code) ?? ([401, 403].includes(status) ? TokenRefused : status >= 400 && status < 500 ? InvalidRequest : OutcomeUnknown);
  let message = `Ration answered with status ${status}`;
  if (isText(code)) message += ` ${printable(code)}`;
  if (isText(detail)) message += `: ${printable(detail)}`;
  else if (status >= 300 && status < 400) message += ", which leads elsewhere; the client goes nowhere but to its URL";
  const faults = (Array.isArray(errors) ? errors : []).filter(isObject).map((fault) => ({ pointer: String(fault.pointer ?? ""), detail: String(fault.detail ?? "") }));
  for (const fault of faults.slice(0, 3)) message += `; ${printable(fault.pointer)}: ${printable(fault.detail)}`;
  for (const secret of secrets) { // which something between Ration and us may repeat
    if (isText(secret) && secret.length > 3) message = message.replaceAll(secret, "[redacted]");
  }
  const seconds = Number.isInteger(wait) ? wait : /^\d{1,9}$/.test(headers["retry-after"] ?? "") ? Number(headers["retry-after"]) : undefined;
  return new Kind(message, { code: isText(code) ? code : "", status, requestId: headers["x-request-id"] ?? "", retryAfter: seconds, errors: faults });
}

function printable(text) {
  return text.slice(0, 300).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ");
}

// Reading answers. What is not a whole answer makes none.

const unreadable = () => new OutcomeUnknown("Ration's answer can't be read", { status: 200 });

function versioned({ headers, body }) {
  return headers.etag && isObject(body) ? { ...body, version: headers.etag } : body;
}

function having(whole) {
  return (answer) => {
    if (!isObject(answer) || !whole(answer)) throw unreadable();
    return answer;
  };
}

const named = having((answer) => isText(answer.name));
const ended = having((answer) => isText(answer.id) && isText(answer.state) && isObject(answer.held));
const decision = having(({ allowed, code, response }) => typeof allowed === "boolean" && isText(code) && Number.isInteger(response?.status) && isText(response.body)
  && isObject(response.headers) && Object.values(response.headers).every(isText));

function reserved(answer) {
  if (decision(answer).allowed) ended(answer.reservation);
  return answer;
}

// issued has a secret, which console.log doesn't show.
function issued(answer) {
  if (!isText(answer?.secret) || !isText(answer.key?.id)) throw unreadable();
  const { version, ...members } = answer;
  const shown = { ...members, key: { ...members.key, version } };
  return Object.defineProperty(shown, inspect.custom, { value: (_, options) => inspect({ ...shown, secret: "[redacted]" }, options) });
}

let shared;

// charge makes an Express middleware.
function charge(amounts, { scope, client, failOpen = false, log = console.warn } = {}) {
  return async (req, res, next) => {
    try {
      const cost = typeof amounts === "function" ? await amounts(req) : amounts;
      const decided = await (client ?? (shared ??= new Client())).verify(secretOf(req), cost, { scope, ip: req.ip });
      for (const [name, value] of Object.entries(decided.response.headers)) res.append(name, value);
      if (!decided.allowed) {
        res.status(decided.response.status).end(decided.response.body);
        return;
      }
      req.ration = decided;
    } catch (error) {
      log(`ration: no decision: ${error instanceof RationError ? error.message : error?.name}`); // other texts may quote what they got
      if (!failOpen || !(error instanceof Unavailable || error instanceof OutcomeUnknown)) {
        res.status(503).set("Retry-After", "5").end();
        return;
      }
    }
    next();
  };
}

// usagePage makes a handler for Express.
function usagePage({ client, log = console.warn } = {}) {
  return async (req, res) => {
    try {
      const own = await (client ?? (shared ??= new Client())).ownUsage(secretOf(req));
      res.status(200).set("Cache-Control", "no-store").set("Content-Type", "application/json").end(JSON.stringify(own));
    } catch (error) {
      if (!(error instanceof KeyRefused)) {
        log(`ration: no usage: ${error instanceof RationError ? error.message : error?.name}`);
        res.status(503).set("Retry-After", "5").end();
        return;
      }
      if (error.retryAfter) res.set("Retry-After", String(error.retryAfter));
      if ([0, 401].includes(error.status)) res.set("WWW-Authenticate", 'Bearer realm="api"');
      res.status(error.status || 401).set("Content-Type", "application/problem+json").end(JSON.stringify({ status: error.status || 401, code: error.code }));
    }
  };
}

const secretOf = (req) => req.get("X-API-Key") || req.get("Authorization");

module.exports = {
  Admin, Client, charge, usagePage, RationError, Misconfigured, Unavailable, OutcomeUnknown, InvalidRequest, TokenRefused, KeyRefused,
  IdempotencyMismatch, ReservationUnknown, ReservationConflict, ReservationExpired, SettlementTooLarge, NotFound, AlreadyExists, Conflict, Changed,
};
