"use strict";
// A tiny API whose questions Ration counts.

const express = require("express");
const { charge, usagePage } = require("../../clients/typescript"); // "ration-client", where it is installed

const app = express();
app.get("/health", (req, res) => res.json("ok"));
app.get("/v1/usage", usagePage());
app.get("/ask", charge(), (req, res) => res.json({ answer: 42, caller: req.ration.key.owner }));
app.get("/text", charge({ tokens: 5 }), (req, res) => res.type("text").send("forty-two"));
app.get("/broken", charge({ requests: 0 }), (req, res) => res.sendStatus(418));

const server = app.listen(process.env.PORT ?? 3000, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
