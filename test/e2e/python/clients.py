"""The official Python clients, driven by lines of JSON: one ask a line in, one outcome a line out.

Each ask runs in a thread of its own, so that a slow one holds nobody up.
"""

import json
import sys
import threading

import anthropic
import openai

WRITING = threading.Lock()


def question(ask, omit):
    """What every way of asking takes; a header of `null` takes one of the client's own away."""
    headers = {name: omit if value is None else value for name, value in ask["headers"].items()}
    return {**ask["body"], "extra_body": ask["extra"], "extra_headers": headers}


def openai_client(ask):
    return openai.OpenAI(
        base_url=ask["baseUrl"],
        api_key=ask["key"],
        max_retries=ask["retries"],
    )


def anthropic_client(ask):
    return anthropic.Anthropic(
        base_url=ask["baseUrl"],
        api_key=ask["key"],
        max_retries=ask["retries"],
    )


def openai_whole(ask):
    raw = openai_client(ask).chat.completions.with_raw_response.create(
        **question(ask, openai.Omit())
    )
    return {"headers": dict(raw.headers), "answer": raw.parse().model_dump()}


def anthropic_whole(ask):
    raw = anthropic_client(ask).messages.with_raw_response.create(
        **question(ask, anthropic.Omit())
    )
    return {"headers": dict(raw.headers), "answer": raw.parse().model_dump()}


def openai_frames(ask):
    raw = openai_client(ask).chat.completions.with_raw_response.create(
        **question(ask, openai.Omit()), stream=True
    )
    frames = [frame.model_dump() for frame in raw.parse()]
    return {"headers": dict(raw.headers), "frames": frames}


def anthropic_frames(ask):
    raw = anthropic_client(ask).messages.with_raw_response.create(
        **question(ask, anthropic.Omit()), stream=True
    )
    frames = [frame.model_dump() for frame in raw.parse()]
    return {"headers": dict(raw.headers), "frames": frames}


def openai_helper(ask):
    with openai_client(ask).chat.completions.stream(
        **question(ask, openai.Omit())
    ) as stream:
        return {"answer": stream.get_final_completion().model_dump()}


def anthropic_helper(ask):
    with anthropic_client(ask).messages.stream(
        **question(ask, anthropic.Omit())
    ) as stream:
        return {"answer": stream.get_final_message().model_dump()}


def openai_loop(ask):
    """This client has no loop of its own: this is the one that its documentation shows."""
    client = openai_client(ask)
    body = question(ask, openai.Omit())
    ran = []
    while True:
        completion = client.chat.completions.create(**body)
        message = completion.choices[0].message
        if not message.tool_calls:
            return {"answer": completion.model_dump(), "ran": ran}
        body["messages"] = [*body["messages"], message]
        for call in message.tool_calls:
            ran.append(json.loads(call.function.arguments))
            body["messages"].append(
                {"role": "tool", "tool_call_id": call.id, "content": ask["result"]}
            )


def anthropic_loop(ask):
    ran = []

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """The weather of a city."""
        ran.append({"city": city})
        return ask["result"]

    body = question(ask, anthropic.Omit())
    body.pop("tools")
    runner = anthropic_client(ask).beta.messages.tool_runner(**body, tools=[weather])
    return {"answer": runner.until_done().model_dump(), "ran": ran}


WAYS = {
    ("openai", "whole"): openai_whole,
    ("openai", "frames"): openai_frames,
    ("openai", "helper"): openai_helper,
    ("openai", "loop"): openai_loop,
    ("anthropic", "whole"): anthropic_whole,
    ("anthropic", "frames"): anthropic_frames,
    ("anthropic", "helper"): anthropic_helper,
    ("anthropic", "loop"): anthropic_loop,
}


def raised(error):
    def read(name):
        value = getattr(error, name, None)
        return value if isinstance(value, (str, int, type(None))) else str(value)

    return {
        "kind": "raised",
        "name": type(error).__name__,
        "message": str(error),
        "status": read("status_code"),
        # Each of the two clients has its own name for the code.
        "code": read("error_code") if isinstance(error, anthropic.APIError) else read("code"),
        "type": read("type"),
        "requestId": read("request_id"),
    }


def run(ask):
    try:
        outcome = {"kind": "answer", **WAYS[ask["client"], ask["mode"]](ask)}
    except Exception as error:  # whatever it is, the test is to see it
        outcome = raised(error)
    with WRITING:
        print(json.dumps({"id": ask["id"], **outcome}, default=str), flush=True)


for line in sys.stdin:
    threading.Thread(target=run, args=[json.loads(line)], daemon=True).start()
