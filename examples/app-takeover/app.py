"""A stand-in for an existing API with keys and quotas of its own.

    python3 app.py PORT                  # asks for keys and counts by itself
    BEHIND_RATION=1 python3 app.py PORT  # leaves that to Ration

The line with BEHIND_RATION in it is all that moving in changes here.
"""
import datetime
import http.server
import json
import os
import pathlib
import sqlite3
import sys
import threading
import urllib.parse

HERE = pathlib.Path(__file__).parent
FREE = ("/", "/dashboard", "/request-key", "/oauth-login", "/admin-login", "/logout", "/webhook", "/docs")
FREE_BELOW = ("/admin", "/auth/", "/static/")
METERED = ("/ask", "/ask-llm", "/ask-llm-prompted", "/debug")


class Refused(Exception):
    def __init__(self, status, detail):
        super().__init__(detail)
        self.status, self.detail = status, detail


class Keys:
    """The keys of the env file and the database, and today's counts."""

    def __init__(self, env, path):
        settings = dict(line.split("=", 1) for line in env.read_text().splitlines() if "=" in line)
        self.limit = int(os.environ.get("MAX_DAILY_REQUESTS", settings["MAX_DAILY_REQUESTS"]))
        if not path.exists():
            database = sqlite3.connect(path)
            database.executescript((HERE / "schema.sql").read_text())
            database.close()
        database = sqlite3.connect(path)
        rows = database.execute("select key, name, can_change_model from api_keys where approved and is_active")
        self.known = {key: {"name": name, "can_change_model": bool(may)} for key, name, may in rows}
        database.close()
        self.known.update(json.loads(settings["API_KEYS"]))
        self.lock, self.used = threading.Lock(), {}

    def find(self, secret):
        if not secret:
            raise Refused(401, "API key is missing")
        if secret not in self.known:
            raise Refused(401, "Invalid API key")
        return self.known[secret]

    def charge(self, secret):
        key = self.find(secret)
        with self.lock:
            day = (secret, datetime.date.today())
            if self.used.get(day, 0) >= self.limit:
                raise Refused(429, "Daily request quota exceeded")
            self.used[day] = self.used.get(day, 0) + 1
            return {"user": key["name"], "quota": {"remaining": self.limit - self.used[day], "total": self.limit}}


class Nobody:
    """Stands for Keys where Ration has asked for the key and counted already."""

    def find(self, secret):
        return {"can_change_model": True}

    def charge(self, secret):
        return {"user": "", "quota": {"remaining": 0, "total": 0}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    keys = Nobody()

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if path in FREE or path.startswith(FREE_BELOW):
            return self.answer(200, {"page": path})
        return self.answer(404, {"detail": "Not Found"})

    def do_POST(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if url.path == "/change-model":
                return self.answer(200, self.change_model(query))
            if url.path in METERED:
                told = self.keys.charge(self.headers.get("X-API-Key"))
                return self.answer(200, {"answer": self.ask(url.path, query, body), **told})
        except Refused as refused:
            return self.answer(refused.status, {"detail": refused.detail})
        return self.do_GET()

    def change_model(self, query):
        if not self.keys.find(query.get("api_key"))["can_change_model"]:
            raise Refused(403, "Not allowed to change the model")
        if query.get("password") != "open sesame":
            raise Refused(401, "Invalid password")
        return {"message": "Model changed to " + query.get("model", "")}

    def ask(self, path, query, body):
        question = query.get("code" if path == "/debug" else "question")
        if path == "/ask-llm-prompted":
            try:
                question = json.loads(body)["question"]
            except (ValueError, KeyError):
                raise Refused(400, "The body is no question") from None
        if question is None:
            raise Refused(422, "Field required")
        if question == "crash":
            raise Refused(500, "The model has crashed")
        return "You asked: " + question

    def answer(self, status, content):
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


if __name__ == "__main__":
    if not os.environ.get("BEHIND_RATION"):
        Handler.keys = Keys(HERE / "app.env", pathlib.Path(os.environ.get("APP_DB", HERE / "app.db")))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
