"use strict";
// Asks Ration before a route's handler runs: app.get("/ask", charge(), handler).

const { setTimeout: pause } = require("node:timers/promises");
const { RATION_URL: base, RATION_TOKEN: token } = process.env;

const post = (question) => fetch(`${base}/v1/verify`, {
  method: "POST", body: JSON.stringify(question),
  headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
  redirect: "error", signal: AbortSignal.timeout(5000),
});

async function ask(question) {
  const answer = await post(question).catch(async (error) => {
    if (error.cause?.code !== "ECONNREFUSED") throw error; // the charge may have been counted
    console.warn("Ration can't be reached, trying once more");
    await pause(250);
    return post(question);
  });
  if (answer.status !== 200) throw Object.assign(new Error(), { name: `status ${answer.status}` });
  const decision = await answer.json();
  if (typeof decision.allowed !== "boolean") throw new TypeError();
  return decision;
}

// Makes a middleware: charge(), charge({ amounts: { tokens: 5 } }), charge({ scope: "write" }).
module.exports = (more) => async (req, res, next) => {
  try {
    req.ration = await ask({ secret: req.get("X-API-Key") || req.get("Authorization") || "", ip: req.ip, ...more });
    const { allowed, response } = req.ration;
    for (const [name, value] of Object.entries(response.headers)) res.append(name, value);
    if (!allowed) return res.status(response.status).end(response.body);
  } catch (error) { // its text may quote the token, so only its name is logged
    console.warn("no decision: %s", error.cause?.code ?? error.name);
    return res.status(503).set("Retry-After", "5").end();
  }
  next();
};
