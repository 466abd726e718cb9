"""Asks Ration before an endpoint runs: install(app) once, Depends(charge()) wherever it counts."""
import asyncio
import logging
import os

import httpx
from fastapi import FastAPI, Request, Response

log = logging.getLogger("ration")
client = httpx.AsyncClient(
    base_url=os.environ["RATION_URL"],
    headers={"Authorization": "Bearer " + os.environ["RATION_TOKEN"]},
    timeout=5,
    trust_env=False,  # secrets go to Ration, not to a proxy that the environment names
)


class Refused(Exception):
    """Carries the response that the client gets in place of the endpoint's."""


async def ask(question):
    try:
        answer = await client.post("/v1/verify", json=question)
    except httpx.ConnectError:  # nothing was sent; after any other error the charge may have been counted
        log.warning("Ration can't be reached, trying once more")
        await asyncio.sleep(0.25)
        answer = await client.post("/v1/verify", json=question)
    if answer.status_code != 200:
        log.warning("Ration answered with status %d", answer.status_code)
        raise ValueError
    return answer.json()


def charge(**more):
    """Makes a dependency: charge(), charge(amounts={"tokens": 5}), charge(scope="write")."""

    async def dependency(request: Request) -> dict:
        ip = request.client.host if request.client else ""
        secret = request.headers.get("X-API-Key") or request.headers.get("Authorization", "")
        try:
            decision = await ask({"secret": secret, "ip": ip, **more})
            said = decision["response"]
            response = Response(said["body"], said["status"], said["headers"])
            if type(decision["allowed"]) is not bool:
                raise TypeError
        except Exception as error:  # its text may quote the token, so only its name is logged
            log.warning("no decision: %s", type(error).__name__)
            raise Refused(Response(status_code=503, headers={"Retry-After": "5"})) from None
        if not decision["allowed"]:
            raise Refused(response)
        request.state.ration_headers = said["headers"]
        return decision

    return dependency


def install(app: FastAPI):
    @app.exception_handler(Refused)
    async def refuse(_, refused):
        return refused.args[0]

    @app.middleware("http")
    async def add_headers(request, call_next):  # also to errors and to responses that an endpoint makes itself
        answer = await call_next(request)
        for name, value in getattr(request.state, "ration_headers", {}).items():
            answer.headers.append(name, value)
        return answer
