"""A tiny API whose questions Ration counts."""
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import PlainTextResponse

from ration import Decision, charge, install, usage_page

app = FastAPI()
install(app)
app.get("/v1/usage")(usage_page())


@app.get("/health")
async def health():
    return "ok"


@app.get("/ask")
async def ask(decision: Decision = Depends(charge())):
    return {"answer": 42, "caller": decision.key.owner}


@app.get("/text", dependencies=[Depends(charge({"tokens": 5}))])
async def text():
    return PlainTextResponse("forty-two")


@app.get("/broken", dependencies=[Depends(charge({"requests": 0}))])
async def broken():
    raise HTTPException(status_code=418)
