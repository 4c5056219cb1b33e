"""The official Python client of MCP: does what the lines of its input say, one JSON answer a line.

The first argument is the URL, the second the agent's key, the third how it negotiates.
"""

import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def main(url, key, mode):
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=60)
    async with http, Client(streamable_http_client(url, http_client=http), mode=mode) as client:
        print(json.dumps({"version": client.protocol_version}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await answer(client, json.loads(line))), flush=True)


async def answer(client, ask):
    if ask is None:
        return [tool.name for tool in (await client.list_tools()).tools]
    try:
        result = await client.call_tool(ask["name"], ask["arguments"])
        return result.model_dump(by_alias=True, mode="json", exclude_none=True)
    except Exception as error:
        return {"raised": type(error).__name__, "message": str(error)}


asyncio.run(main(*sys.argv[1:]))
