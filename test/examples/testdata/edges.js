"use strict";
// Puts the TypeScript client where it could go wrong. The server is in the same process, and does as it is told.

const assert = require("node:assert/strict");
const { once, EventEmitter } = require("node:events");
const http = require("node:http");
const { test, before, after, beforeEach } = require("node:test");
const ration = require("../../../clients/typescript");

const events = new EventEmitter();
let asked, answer;
const server = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  asked.push(Buffer.concat(chunks).toString());
  events.emit("asked");
  answer(response);
});
const say = (status, body) => (response) => response.writeHead(status).end(JSON.stringify(body));
const allowed = { allowed: true, code: "ok", key: null, limits: [], response: { status: 200, headers: {}, body: "" } };
const silent = () => {};
const options = (more) => ({ url: `http://127.0.0.1:${server.address().port}/`, token: "rt_token", timeout: 60000, log: silent, ...more });

before(() => once(server.listen(0, "127.0.0.1"), "listening"));
after(() => server.close() && server.closeAllConnections());
beforeEach(() => {
  asked = [];
  answer = say(200, allowed);
});

test("an aborted call rejects with the signal's reason, and is not sent again", async () => {
  const client = new ration.Client(options());
  const reason = new Error("the user left");
  await assert.rejects(client.verify("a", {}, { signal: AbortSignal.abort(reason) }), reason);
  assert.equal(asked.length, 0);

  answer = () => {}; // none
  let controller = new AbortController();
  let call = client.verify("a", {}, { signal: controller.signal, dryRun: true });
  await once(events, "asked");
  controller.abort(reason);
  await assert.rejects(call, reason);

  answer = say(503, { code: "store_unavailable", retry_after: 30 }); // so that it waits
  controller = new AbortController();
  const log = () => controller.abort(reason);
  call = new ration.Client(options({ log })).verify("a", {}, { signal: controller.signal });
  await assert.rejects(call, reason);
  assert.equal(asked.length, 2);
});

test("keys go on after an empty page", async () => {
  const pages = [{ items: [], next_cursor: "a" }, { items: [{ id: "key_1" }], next_cursor: "b" }, { items: [], next_cursor: "c" }, { items: [], next_cursor: null }];
  answer = (response) => say(200, pages[asked.length - 1])(response);
  const found = [];
  for await (const key of new ration.Admin(options()).keys({ search: "a b", sort: "-name" })) found.push(key.id);
  assert.deepEqual(found, ["key_1"]);
  assert.equal(asked.length, pages.length);
});

test("amounts are exact", async () => {
  await new ration.Client(options()).verify("a", { a: 9007199254740993n, b: "0.10", c: 0.5, d: 1e-7 });
  assert.equal(asked[0], '{"secret":"a","amounts":{"a":9007199254740993,"b":0.10,"c":0.5,"d":1e-7}}');
});

test("what JSON can't say is refused", async () => {
  const [client, admin] = [new ration.Client(options()), new ration.Admin(options())];
  for (const amount of [NaN, Infinity, undefined, null, true, "", "1e400x", "01", 2 ** 53 + 2, {}, [], Symbol("a")]) {
    await assert.rejects(client.verify("a", { tokens: amount }), ration.InvalidRequest, String(amount));
  }
  const round = {};
  round.round = round;
  for (const call of [
    () => admin.createKey({ name: "a", expires_at: new Date("never") }), () => admin.rotateKey("key_1", { overlap: NaN }), () => admin.createKey(round),
    () => client.verify("a", {}, { idempotencyKey: 5 }),
  ]) await assert.rejects(call, ration.InvalidRequest);
  assert.deepEqual(asked, []);
});

test("ids don't become other paths", async () => {
  const admin = new ration.Admin(options());
  for (const id of ["", ".", "..", undefined, null, {}]) await assert.rejects(admin.revokeKey(id), ration.NotFound, String(id));
  await assert.rejects(admin.revokeSecret("key_1"), ration.NotFound);
  for (const path of ["v1/admin/audit", "@other.example/", "/a b", "/a\r\nX: b", undefined]) await assert.rejects(admin.request("GET", path), ration.InvalidRequest, String(path));
  await assert.rejects(new ration.Client(options()).void(undefined), ration.ReservationUnknown);
  assert.deepEqual(asked, []);
});

test("URLs", () => {
  for (const url of ["ftp://h", "h:8081", "http://", "http://u:secret@h", "http://h/?a=secret", "http://h/#f", "http://h:secret", "http://h/a b", "http://[::1", "http://h\r\nX: secret"]) {
    assert.throws(() => new ration.Client({ url, token: "rt_token" }), (error) => error instanceof ration.Misconfigured && !error.message.includes("secret"), url);
  }
  for (const options of ["http://[::1]:8081", null, []]) assert.throws(() => new ration.Client(options), ration.Misconfigured);
  for (const token of ["", 5, "rt_ü", "rt a", "rt\n"]) assert.throws(() => new ration.Client({ url: "http://[::1]:8081/a/", token }), ration.Misconfigured);
});

test("a refused connection did nothing, and a broken one may have", async () => {
  await assert.rejects(new ration.Client(options({ url: "http://[::1]:1", maxRetries: 0 })).verify("a"), ration.Unavailable);
  answer = (response) => response.destroy();
  await assert.rejects(new ration.Client(options()).verify("a"), ration.OutcomeUnknown);
  answer = (response) => response.writeHead(200, { "Content-Length": 1000 }).write(JSON.stringify(allowed), () => response.destroy());
  await assert.rejects(new ration.Client(options()).verify("a"), ration.OutcomeUnknown);
  answer = say(200, allowed);
  const client = new ration.Client(options());
  client.close();
  assert.equal((await client.verify("a")).allowed, true);
  client.close();
});

test("failOpen opens for an outage alone", async () => {
  for (const [error, opens] of [[new ration.Unavailable("down"), true], [new ration.OutcomeUnknown("lost"), true], [new ration.TokenRefused("revoked"), false], [new TypeError("rk_secret"), false]]) {
    for (const failOpen of [false, true]) {
      const said = [];
      const client = { verify: async () => { throw error; } };
      const response = { status(code) { this.code = code; return this; }, set(name, value) { this[name] = value; return this; }, end() { return this; } };
      let passed = false;
      await ration.charge({}, { client, failOpen, log: (message) => said.push(message) })({ get: () => "rk_secret" }, response, () => { passed = true; });
      assert.equal(passed, opens && failOpen, error.message);
      assert.equal(response.code, passed ? undefined : 503);
      assert.ok(!said.join().includes("rk_secret"));
    }
  }
});
