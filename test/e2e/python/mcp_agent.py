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
    if "library" in ask:
        return await library(client)
    try:
        result = await answered(client, ask)
        return result.model_dump(by_alias=True, mode="json", exclude_none=True)
    except Exception as error:
        said = getattr(error, "error", None)
        told = {"raised": type(error).__name__, "message": str(error)}
        return told | {"code": getattr(said, "code", None), "data": getattr(said, "data", None)}


async def answered(client, ask):
    if "uri" in ask:
        return await client.read_resource(ask["uri"])
    if "prompt" in ask:
        return await client.get_prompt(ask["prompt"], ask["arguments"])
    return await client.call_tool(ask["name"], ask["arguments"])


async def library(client):
    resources = (await client.list_resources()).resources
    templates = (await client.list_resource_templates()).resource_templates
    return {
        "resources": [str(one.uri) for one in resources],
        "templates": [one.uri_template for one in templates],
        "prompts": [one.name for one in (await client.list_prompts()).prompts],
    }


asyncio.run(main(*sys.argv[1:]))
