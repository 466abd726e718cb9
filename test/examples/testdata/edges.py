"""Puts the Python client where it could go wrong. The server is in the same process, and does as it is told."""
import asyncio
import http.server
import json
import os
import threading
import unittest
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import ration

PATIENCE = 60


class Server:
    """Answers every call by the owner that is the secret, once it may."""

    def __init__(self):
        self.asked, self.may_answer, self.has_asked, self.problem = [], threading.Event(), threading.Semaphore(0), None
        self.may_answer.set()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append(asked)
                server.has_asked.release()
                server.may_answer.wait(PATIENCE)
                answer = server.problem or (
                    '{"allowed": true, "code": "ok", "key": {"id": "key_1", "name": "", "owner": %s, "plan": ""}, "response": {"status": 200, "headers": {}, "body": ""},'
                    ' "limits": [{"name": "a", "meter": "eur", "kind": "quota", "period": "day", "limit": 9007199254740993, "used": 0.10, "reserved": 0, "remaining": 1,'
                    ' "resets_at": "2026-12-01T00:00:00.123456789+01:00"}]}' % json.dumps(asked["secret"]))
                self.send_response(503 if server.problem else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            def do_GET(self):
                server.asked.append(self.path)
                answer = json.dumps(server.pages.pop(0))
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):  # the client went away
                pass

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.listener.server_port
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()

    def wait(self):
        if not self.has_asked.acquire(timeout=PATIENCE):
            raise AssertionError("nothing was asked")


class Edges(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.options = {"url": self.server.url, "token": "rt_token", "timeout": PATIENCE}

    def tearDown(self):
        self.server.may_answer.set()
        self.server.listener.shutdown()
        self.server.listener.server_close()

    def test_keys_go_on_after_an_empty_page(self):
        key = dict.fromkeys(("name", "owner", "plan", "status", "time_zone"), "")
        key |= {"id": "key_1", "created_at": "2026-12-01T00:00:00Z", "updated_at": "2026-12-01T00:00:00Z", "metadata": {}, "expired": False, "unlimited": False}
        key |= {name: [] for name in ("scopes", "allowed_ips", "overrides", "secrets")}
        pages = [{"items": items, "next_cursor": cursor} for items, cursor in (([], "a"), ([key], "b"), ([], "c"), ([], None))]
        self.server.pages = list(pages)
        with ration.Admin(**self.options) as admin:
            self.assertEqual([key.id for key in admin.keys(search="a b", sort="-name")], ["key_1"])
        self.assertEqual([("search=a+b" in path or "search=a%20b" in path, "sort=-name" in path) for path in self.server.asked], [(True, True)] * 4)

        async def main():
            async with ration.AsyncAdmin(**self.options) as admin:
                return [key.id async for key in admin.keys(search="a b")]

        self.server.pages = list(pages)
        self.assertEqual(asyncio.run(main()), ["key_1"])

    def test_the_loop_goes_on_while_a_call_waits(self):
        async def main():
            async with ration.AsyncClient(**self.options) as client:
                self.server.may_answer.clear()
                task = asyncio.create_task(client.verify("a"))
                await asyncio.to_thread(self.server.wait)
                self.assertFalse(task.done())
                self.server.may_answer.set()
                self.assertEqual((await task).key.owner, "a")

        asyncio.run(main())

    def test_a_cancelled_call_is_not_sent_again(self):
        async def main():
            self.server.problem = '{"code": "store_unavailable"}'
            self.server.may_answer.clear()
            client = ration.AsyncClient(**self.options)
            task = asyncio.create_task(client.verify("a"))
            await asyncio.to_thread(self.server.wait)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.server.may_answer.set()
            await client.close()  # waits for its threads
            self.assertEqual(len(self.server.asked), 1)

        asyncio.run(main())

    def test_a_client_outlives_its_loop(self):
        client = ration.AsyncClient(**self.options)

        async def leave():
            self.server.may_answer.clear()
            asyncio.get_running_loop().create_task(client.verify("a"))
            await asyncio.to_thread(self.server.wait)

        asyncio.run(leave())
        self.server.may_answer.set()

        async def main():
            self.assertEqual((await client.verify("b")).key.owner, "b")
            await client.close()

        asyncio.run(main())

    def test_threads_get_their_own_answers(self):
        client, wrong = ration.Client(**self.options), []

        def work(name):
            for i in range(10):
                secret = "%s-%d" % (name, i)
                if client.verify(secret).key.owner != secret:
                    wrong.append(secret)

        threads = [threading.Thread(target=work, args=(name,)) for name in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(len(self.server.asked), 120)

    def test_a_fork_has_its_own_connections(self):
        client = ration.Client(**self.options)
        client.verify("before")
        self.server.wait()
        self.server.may_answer.clear()
        busy = threading.Thread(target=client.verify, args=("busy",))  # it takes the connection, and is in the middle of a call
        busy.start()
        self.server.wait()
        self.server.may_answer.set()
        busy.join()
        child = os.fork()
        if child == 0:
            os._exit(0 if all(client.verify("child").key.owner == "child" for _ in range(5)) else 1)
        for _ in range(5):
            self.assertEqual(client.verify("parent").key.owner, "parent")
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_answers_are_exact(self):
        limit = ration.Client(**self.options).verify("a").limits[0]
        self.assertEqual((limit.limit, limit.used, type(limit.used)), (2**53 + 1, Decimal("0.10"), Decimal))
        self.assertEqual(limit.resets_at, datetime(2026, 12, 1, 0, 0, 0, 123456, timezone(timedelta(hours=1))))

    def test_amounts_are_exact(self):
        ration.Client(**self.options).verify("a", {"a": 2**53 + 1, "b": Decimal("0.10"), "c": "1e-2", "d": 0.5})
        self.assertEqual(self.server.asked[0]["amounts"], {"a": 2**53 + 1, "b": 0.1, "c": 0.01, "d": 0.5})

    def test_what_json_cannot_say_is_refused(self):
        client, admin = ration.Client(**self.options), ration.Admin(**self.options)
        for amount in (float("nan"), float("inf"), Decimal("NaN"), "NaN", "", None, True, [], 10**5000, b"1"):
            with self.subTest(amount=str(type(amount))), self.assertRaises(ration.InvalidRequest):
                client.verify("a", {"tokens": amount})
        for call in (lambda: admin.request("GET", "v1/admin/audit"), lambda: admin.request("GET", "/a b"), lambda: admin.request("GET", "/a\r\nX: b"), lambda: client.verify(b"secret"), lambda: admin.create_key("a", expires_at=datetime(2030, 1, 1)), lambda: admin.create_key(object())):
            with self.assertRaises(ration.InvalidRequest):
                call()
        self.assertEqual(self.server.asked, [])

    def test_urls(self):
        for url in ("ftp://h", "//h", "h:8081", "http://", "http://u:secret@h", "http://:secret@h", "http://h/?a=secret", "http://h/#f", "http://h:secret", "http://h/a b", "http://[::1", "http://h:99999",
                    "http://h\r\nX: secret", "http://" + "a" * 70 + ".example"):
            with self.subTest(url=url), self.assertRaises(ration.Misconfigured) as caught:
                ration.Client(url, "rt_token")
            self.assertNotIn("secret", str(caught.exception))
        for url, where in (("http://[::1]:8081/a/", "http://[::1]:8081"), ("https://internal.example.com", "https://internal.example.com")):
            self.assertIn(where, repr(ration.Client(url, "rt_token")))
            self.assertNotIn("rt_token", repr(ration.Client(url, "rt_token")))

    def test_nobody_listens_on_ipv6(self):
        with self.assertRaises(ration.Unavailable):
            ration.Client("http://[::1]:1", "rt_token", max_retries=0).verify("a")

    def test_fail_open_opens_for_an_outage_alone(self):
        class Request:
            headers, client = {"X-API-Key": "rk_secret"}, None

        class Down:
            async def verify(self, *_, **__):
                raise self.error

        down = Down()
        for error, is_open in ((ration.Unavailable("down"), True), (ration.OutcomeUnknown("lost"), True), (ration.TokenRefused("revoked"), False), (ValueError("rk_secret"), False)):
            down.error = error
            self.assertRaises(Exception, lambda: asyncio.run(ration.charge(client=down)(Request())))
            with self.subTest(error=error), self.assertLogs("ration") as logs:
                if is_open:
                    self.assertIsNone(asyncio.run(ration.charge(client=down, fail_open=True)(Request())))
                else:
                    with self.assertRaises(Exception) as caught:
                        asyncio.run(ration.charge(client=down, fail_open=True)(Request()))
                    self.assertEqual(caught.exception.response.status, 503)
            self.assertNotIn("rk_secret", str(logs.output))


if __name__ == "__main__":
    unittest.main()
