/** A provider's errors reach the official clients unharmed, and its broken answers never look whole. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DENIALS } from "../../src/guards/verdict.ts";
import { raised } from "./client-errors.ts";
import { MODEL, openWorld, type World } from "./clients-world.ts";
import { type Ask, CLIENTS, type Client, stopClients } from "./official-clients.ts";

let world: World;

beforeAll(async () => {
  world = await openWorld({ agents: { worker: {} } });
});

afterAll(async () => {
  stopClients();
  await world.close();
});

beforeEach(() => {
  world.upstream.control(null);
  world.upstream.setScript({ fault: null, faultEvery: 0, outputTokens: 30, chunks: 8 });
});

const HELD_BACK = "the provider's own words, “quoted”";

/** An error as each provider words it. */
function errorOf({ family }: Client, type: string): string {
  const error = { type, message: HELD_BACK };
  return JSON.stringify(
    family === "openai"
      ? { error: { ...error, param: "model", code: "its_code" } }
      : { type: "error", error, request_id: "req_theirs" },
  );
}

describe.each(CLIENTS)("$name", (client) => {
  const ask = (changes: Partial<Ask> = {}, body: Record<string, unknown> = {}) =>
    client.ask(world.ask(client, { retries: 0, ...changes }, body));

  test.each([
    [400, "BadRequestError", "invalid_request_error"],
    [429, "RateLimitError", "rate_limit_error"],
    [500, "InternalServerError", "api_error"],
  ])(
    "raises a provider's %d as %s, with the provider's words and ids",
    async (status, name, type) => {
      const parts = [errorOf(client, type)];
      const headers = {
        "content-type": "application/json",
        "x-request-id": "req_theirs",
        "request-id": "req_theirs",
      };
      world.upstream.control(() => ({ kind: "raw", status, headers, parts, ends: "clean" }));
      for (const mode of ["whole", "frames"] as const) {
        const error = raised(await ask({ mode }));
        expect(error).toMatchObject({ name, status, type, requestId: "req_theirs" });
        expect(error.message).toContain(HELD_BACK);
        if (client.family === "openai") expect(error.code).toBe("its_code");
      }
    },
  );

  test("comes back after the provider's own 429 and 500, as it would without us", async () => {
    for (const fault of ["error-429", "error-500"] as const) {
      let requests = 0;
      world.upstream.control(() => {
        requests += 1;
        return requests === 1 ? { kind: "script", fault, faultEvery: 1 } : null;
      });
      expect((await ask({ retries: 1 })).kind).toBe("answer");
      expect(requests).toBe(2);
    }
  });

  test.each(["frames", "helper"] as const)("raises a stream that breaks off: %s", async (mode) => {
    world.upstream.setScript({ fault: "half-stream", faultEvery: 1 });
    const before = world.upstream.received();
    const error = raised(await ask({ mode, retries: 2 }));
    expect(error.code).toBe("provider.unreachable");
    expect(error.message).toContain(DENIALS["provider.unreachable"].says);
    expect(world.upstream.received()).toBe(before + 1);
  });

  test("raises a whole answer that breaks off, is garbage, or is none", async () => {
    for (const fault of ["half-stream", "garbage", "reset"] as const) {
      world.upstream.setScript({ fault, faultEvery: 1 });
      const error = raised(await ask());
      expect(error).toMatchObject({ status: 502, code: "provider.unreachable" });
    }
  });

  test("raises a stream's answer that is no stream", async () => {
    const body = JSON.stringify({ hello: "world" });
    const headers = { "content-type": "application/json" };
    world.upstream.control(() => {
      return { kind: "raw", status: 200, headers, parts: [body], ends: "clean" };
    });
    for (const mode of ["frames", "helper"] as const) {
      expect(raised(await ask({ mode }))).toMatchObject({
        status: 502,
        code: "provider.unreachable",
      });
    }
  });

  test("raises a stream of garbage", async () => {
    world.upstream.setScript({ fault: "garbage", faultEvery: 1 });
    for (const mode of ["frames", "helper"] as const) raised(await ask({ mode }));
  });

  test("raises a stream that breaks off inside a frame", async () => {
    const headers = { "content-type": "text/event-stream" };
    const parts = ['event: content_block_delta\ndata: {"type":"content_block_de'];
    world.upstream.control(() => ({ kind: "raw", status: 200, headers, parts, ends: "reset" }));
    const error = raised(await ask({ mode: "frames" }));
    expect(error.message).toContain(DENIALS["provider.unreachable"].says);
  });

  test("raises a stream that ends cleanly in the middle", async () => {
    const frame =
      client.family === "openai"
        ? `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 0, model: MODEL, choices: [{ index: 0, delta: { role: "assistant", content: "Hal" }, finish_reason: null }] })}\n\n`
        : `event: message_start\ndata: ${JSON.stringify({ type: "message_start", message: { id: "m", type: "message", role: "assistant", model: MODEL, content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 5, output_tokens: 1 } } })}\n\n`;
    const headers = { "content-type": "text/event-stream" };
    world.upstream.control(() => {
      return { kind: "raw", status: 200, headers, parts: [frame], ends: "clean" };
    });
    for (const mode of ["frames", "helper"] as const) {
      expect(raised(await ask({ mode })).code).toBe("provider.unreachable");
    }
  });
});

describe.each(CLIENTS.filter(({ family }) => family === "openai"))("$name", (client) => {
  test("raises the end of a stream that ran past its cap", async () => {
    world.upstream.control(() => {
      return { kind: "script", ignoreCap: true, outputTokens: 400, chunks: 400 };
    });
    const ask = world.ask(client, { mode: "frames", retries: 2 }, { max_completion_tokens: 10 });
    const before = world.upstream.received();
    expect(raised(await client.ask(ask))).toMatchObject({ code: "call.cap" });
    expect(world.upstream.received()).toBe(before + 1);
  });
});
