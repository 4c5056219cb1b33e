/** `createGuard`: a program holds itself to its limits, by a gateway beside it or inside it. */
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createGuard, DeniedError } from "../../src/sdk/index.ts";
import { booksOf } from "../faults/gateway-scene.ts";
import {
  type Folder,
  forget,
  startGateway,
  type TestGateway,
  writeFolder,
} from "../support/gateway.ts";
import { until } from "./clients-world.ts";
import type { Json } from "./wiring-world.ts";

const CONFIG: Folder = {
  "slipclutch.yaml": {
    version: 1,
    tool_servers: {
      own: {
        kind: "agent",
        asks: true,
        tools: { look: { effect: "read" }, transcribe: { effect: "read" } },
      },
    },
    budgets: [
      { name: "all", agent: "worker", limit_usd: 10, window: "lifetime" },
      { name: "each", each: "task", limit_usd: 1.2, window: "task" },
    ],
    limits: { max_output_tokens: 8 },
  },
  "agents/worker.yaml": {
    version: 1,
    agent: "worker",
    models: ["simulated-small", "simulated-large"],
    allowed_tools: [
      {
        server: "own",
        tool_name: "look",
        arguments: { properties: { table: { enum: ["tickets"] } } },
      },
      {
        server: "own",
        tool_name: "transcribe",
        cost: { usd: 0.5, per: "minute", max: 2, quantity: { pointer: "/result/minutes" } },
      },
      { server: "own", tool_name: "save", read_only: false },
      { server: "own", tool_name: "pay", read_only: false, requires_approval: true },
    ],
  },
};

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function beside(waitMs?: number) {
  const gateway = await startGateway({ config: CONFIG });
  ending.push(
    () => forget(gateway),
    () => gateway.stop("SIGKILL"),
  );
  const warnings: string[] = [];
  const guard = await createGuard({
    gateway: `${gateway.agentUrl}/v1/`,
    key: gateway.agentKey,
    warn: (message) => warnings.push(message),
    ...(waitMs === undefined ? {} : { waitMs }),
  });
  return { gateway, guard, warnings };
}

const refusal = (call: Promise<unknown>): Promise<DeniedError> =>
  call.then(
    () => {
      throw new Error("it was not refused");
    },
    (error: unknown) => {
      if (error instanceof DeniedError) return error;
      throw error;
    },
  );

async function approve(gateway: TestGateway, verb: "approve" | "deny"): Promise<void> {
  let open: Json[] = [];
  await until(async () => {
    open = (await (await gateway.api("GET", "/api/v1/reviews?state=open")).json()) as Json[];
    return open.length > 0;
  });
  expect((await gateway.cli("reviews", verb, open[0].id, "--reason", "seen")).code).toBe(0);
}

describe("guard.tool", () => {
  test("asks, runs the function once and reports what it used", async () => {
    const { gateway, guard, warnings } = await beside();
    const transcribe = guard.tool({ name: "transcribe" }, async ({ file }: { file: string }) => ({
      text: `heard ${file}`,
      minutes: 1,
    }));
    expect(await transcribe({ file: "a.wav" })).toEqual({ text: "heard a.wav", minutes: 1 });
    await until(async () => (await booksOf(gateway)).spent === 500_000_000n);
    expect(warnings).toEqual([]);
  });

  test("does not run what is refused, and says why", async () => {
    const { guard } = await beside();
    let runs = 0;
    const run = () => {
      runs += 1;
    };
    const unknown = await refusal(guard.tool({ name: "rm" }, run)({ path: "/" }));
    expect(unknown).toMatchObject({
      code: "manifest.unknown-tool",
      retryAfter: null,
      decision: expect.stringMatching(/^d-/),
      parked: null,
    });
    expect(unknown.reasons[0]).toContain("not granted");
    expect(unknown.message).toContain("manifest.unknown-tool");
    const look = guard.tool({ name: "look" }, run);
    expect(await refusal(look({ table: "users" }))).toMatchObject({ code: "manifest.arguments" });
    expect(runs).toBe(0);
    await look({ table: "tickets" });
    expect(runs).toBe(1);
  });

  test("reports a function that throws, and throws what it threw", async () => {
    const { gateway, guard } = await beside();
    const broken = new Error("disk full");
    const look = guard.tool({ name: "look" }, () => {
      throw broken;
    });
    await expect(look({ table: "tickets" })).rejects.toBe(broken);
    await until(async () => {
      const metrics = await (await gateway.api("GET", "/metrics")).text();
      return /slipclutch_tool_calls_total\{[^}]*tool="look",outcome="error"\} 1/.test(metrics);
    });
  });

  test("the function gets what was decided on, whoever changes it meanwhile", async () => {
    const { guard } = await beside();
    const given = { table: "tickets" };
    const asked = guard.tool({ name: "look" }, ({ table }: { table: string }) => table)(given);
    given.table = "users";
    expect(await asked).toBe("tickets");
  });

  test("a schema is checked first, and what it makes of the arguments is decided on", async () => {
    const { guard } = await beside();
    const schema = z.object({ table: z.string().default("tickets"), limit: z.number().optional() });
    const look = guard.tool({ name: "look", schema }, (given) => given);
    expect(await look({})).toEqual({ table: "tickets" });
    // A mistake that the types find too.
    const wrong: object = { limit: "all" };
    const denied = await refusal(look(wrong));
    expect(denied).toMatchObject({ code: "manifest.arguments", decision: null });
    expect(denied.reasons[0]).toContain("look: ");
  });

  test("waits for a person, and goes on when the call was approved", async () => {
    const { gateway, guard } = await beside();
    const paid = guard.tool(
      { name: "pay" },
      ({ to }: { to: string }) => `paid ${to}`,
    )({ to: "bob" });
    await approve(gateway, "approve");
    expect(await paid).toBe("paid bob");
  });

  test("tells that a person said no", async () => {
    const { gateway, guard } = await beside();
    const paid = refusal(guard.tool({ name: "pay" }, () => "paid")({ to: "eve" }));
    await approve(gateway, "deny");
    expect(await paid).toMatchObject({ code: "review.denied" });
  });

  test("waits no longer than it was told to, and says where the call waits", async () => {
    const { guard } = await beside(300);
    const denied = await refusal(guard.tool({ name: "pay" }, () => "paid")({ to: "bob" }));
    expect(denied).toMatchObject({ code: "approval.pending" });
    expect(denied.parked?.url).toBe(`/guard/v1/parked/${denied.parked?.id}`);
  });

  test("the same call_id runs once", async () => {
    const { guard } = await beside();
    let runs = 0;
    const save = guard.tool({ name: "save" }, () => {
      runs += 1;
    });
    await save({ n: 1 }, { callId: "c-1" });
    const again = await refusal(save({ n: 1 }, { callId: "c-1" }));
    expect(["call.key-reused", "tool.busy"]).toContain(again.code);
    expect(runs).toBe(1);
  });

  test("without a gateway nothing runs, and a report that is lost loses no result", async () => {
    const { gateway, guard, warnings } = await beside();
    const save = guard.tool({ name: "save" }, async () => {
      await gateway.stop("SIGKILL");
      return "saved";
    });
    expect(await save({ n: 1 })).toBe("saved");
    expect(warnings).toEqual([expect.stringContaining("was not reported")]);
    const denied = await refusal(save({ n: 2 }));
    expect(denied).toMatchObject({ code: "gateway.unsure", decision: null });
    expect(denied.reasons[0]).toContain(gateway.agentUrl);
  });

  test("tasks have budgets of their own", async () => {
    const { guard } = await beside();
    const transcribe = (task: string) =>
      guard.task(task).tool({ name: "transcribe" }, () => ({ minutes: 2 }))({ n: 1 });
    await transcribe("ticket-1");
    const denied = await refusal(transcribe("ticket-1"));
    expect(denied.code).toMatch(/^budget\./);
    await transcribe("ticket-2");
  });
});

describe("guard.call", () => {
  async function withDesk() {
    const seen: string[] = [];
    const desk = createServer((request, response) => {
      seen.push(request.url ?? "");
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ id: 7 }));
    }).listen(0, "127.0.0.1");
    await once(desk, "listening");
    // A server that listens on a port has an address of this kind.
    const { port } = desk.address() as AddressInfo;
    const tools = { get_ticket: { method: "GET", path: "/tickets/{id}" } };
    const gateway = await startGateway({
      config: {
        "slipclutch.yaml": {
          version: 1,
          tool_servers: { desk: { kind: "http", url: `http://127.0.0.1:${port}`, tools } },
          budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
          parking: { hold_for: "0s" },
        },
        "agents/worker.yaml": {
          version: 1,
          agent: "worker",
          allowed_tools: [{ server: "desk", tool_name: "get_ticket" }],
        },
      },
    });
    ending.push(
      async () => desk.close(),
      () => forget(gateway),
      () => gateway.stop("SIGKILL"),
    );
    const guard = await createGuard({ gateway: gateway.agentUrl, key: gateway.agentKey });
    return { gateway, guard, seen };
  }

  test("has the gateway run a tool, and says why it does not", async () => {
    const { guard, seen } = await withDesk();
    const { isError, structuredContent } = await guard.call("get_ticket", { id: "7" });
    expect({ isError, structuredContent }).toEqual({
      isError: false,
      structuredContent: { id: 7 },
    });
    const denied = await refusal(guard.call("drop_ticket", { id: "7" }));
    expect(denied).toMatchObject({ code: "manifest.unknown-tool" });
    expect(denied.decision).toMatch(/^d-/);
    expect(seen).toEqual(["/tickets/7"]);
  });

  test("waits while the agent is paused, and then runs once", async () => {
    const { gateway, guard, seen } = await withDesk();
    expect((await gateway.cli("agents", "pause", "worker", "--reason", "test")).code).toBe(0);
    const called = guard.call("get_ticket", { id: "7" });
    await until(async () => {
      const reviews = await gateway.api("GET", "/api/v1/reviews?state=open");
      return ((await reviews.json()) as Json[]).some(({ parked }) => parked === 1);
    });
    expect((await gateway.cli("agents", "resume", "worker", "--reason", "test")).code).toBe(0);
    expect(await called).toMatchObject({ structuredContent: { id: 7 } });
    expect(seen).toEqual(["/tickets/7"]);
  });
});

describe("guard.model", () => {
  const question = { role: "user" as const, content: "Hello" };

  test("makes the official clients call the gateway, with its key and task", async () => {
    const { guard, warnings } = await beside();
    const task = guard.task("ticket-7");
    const openai = task.model(
      new OpenAI({ apiKey: "sk-theirs", defaultHeaders: { "x-slipclutch-task": "other" } }),
    );
    expect(openai).toBeInstanceOf(OpenAI);
    const { data, response } = await openai.chat.completions
      .create({ model: "simulated-small", max_tokens: 4, messages: [question] })
      .withResponse();
    expect(data.choices[0]?.finish_reason).toBe("length");
    expect(response.headers.get("x-slipclutch-task")).toBe("ticket-7");

    const anthropic = task.model(new Anthropic({ authToken: "theirs" }));
    expect(anthropic).toBeInstanceOf(Anthropic);
    const message = await anthropic.messages.create({
      model: "simulated-small",
      max_tokens: 4,
      messages: [question],
    });
    expect(message.stop_reason).toBe("max_tokens");
    // Both ended at a cap of the program's own: nothing to warn about.
    expect(warnings).toEqual([]);
  });

  test("warns when an answer is cut at the gateway's cap, streamed or not", async () => {
    const { guard, warnings } = await beside();
    const openai = new OpenAI(guard.settings);
    const asked = { model: "simulated-small", messages: [question] };
    await openai.chat.completions.create(asked);
    expect(warnings).toEqual([expect.stringContaining("cap of 8 output tokens")]);
    const stream = await openai.chat.completions.create({ ...asked, stream: true });
    let text = "";
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
    expect(text).not.toBe("");
    expect(warnings).toHaveLength(2);
    const anthropic = guard.model(new Anthropic({ apiKey: "theirs" }));
    const streamed = anthropic.messages.stream({ ...asked, max_tokens: 500 });
    expect((await streamed.finalMessage()).stop_reason).toBe("max_tokens");
    expect(warnings).toHaveLength(3);
  });

  test("warns when a budget is spent", async () => {
    const { guard, warnings } = await beside();
    const openai = guard.model(new OpenAI({ apiKey: "theirs", maxRetries: 0 }));
    const content = "x".repeat(2_000_000);
    const call = openai.chat.completions.create({
      model: "simulated-large",
      messages: [{ role: "user", content }],
    });
    await expect(call).rejects.toMatchObject({ status: 402, code: "budget.exhausted" });
    expect(warnings).toEqual([expect.stringContaining("budget.exhausted (d-")]);
  });

  test("takes no client that it does not know, and its fetch calls nothing else", async () => {
    const { guard } = await beside();
    const client = { withOptions: () => ({}) };
    expect(() => guard.model(client)).toThrow("@anthropic-ai/sdk");
    await expect(guard.settings.fetch("http://127.0.0.1:9/")).rejects.toThrow("nothing else");
  });
});

describe("stand-alone", () => {
  async function folders() {
    const config = await writeFolder(CONFIG);
    const data = await mkdtemp(join(tmpdir(), "slipclutch-data-"));
    for (const folder of [config, data]) {
      ending.push(() => rm(folder, { recursive: true, force: true }));
    }
    return { config, data };
  }

  test("runs a gateway in this process, and stops it so that nothing is forfeited", async () => {
    const where = await folders();
    const warnings: string[] = [];
    const options = { ...where, agent: "worker", warn: (line: string) => warnings.push(line) };
    const guard = await createGuard(options);
    ending.push(() => guard.close());
    const { apiKey, baseURL } = guard.settings;
    expect(new URL(baseURL).hostname).toBe("127.0.0.1");
    const openai = guard.model(new OpenAI({ apiKey: "theirs" }));
    const messages = [{ role: "user" as const, content: "Hello" }];
    const asked = { model: "simulated-small", max_tokens: 4, messages };
    expect((await openai.chat.completions.create(asked)).choices[0]?.finish_reason).toBe("length");
    const transcribe = guard.tool({ name: "transcribe" }, () => ({ minutes: 1 }));
    await transcribe({ n: 1 });
    await Promise.all([guard.close(), guard.task("t").close()]);
    expect(await refusal(transcribe({ n: 2 }))).toMatchObject({ code: "gateway.unsure" });

    // What was spent stays spent, and the key is the same: what waits for a person is found again.
    const again = await createGuard(options);
    ending.push(() => again.close());
    expect(again.settings.apiKey).toBe(apiKey);
    const answer = await fetch(`${again.settings.baseURL.replace("/v1", "")}/guard/v1/budgets`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    const { budgets } = (await answer.json()) as Json;
    expect(budgets.find(({ name }: Json) => name === "all")).toMatchObject({
      spent_usd: expect.stringMatching(/^0\.5/),
    });
    expect(warnings).toEqual([]);
  });

  test("listens for this machine alone, wherever the folder says", async () => {
    const { config, data } = await folders();
    const main = CONFIG["slipclutch.yaml"] as Json;
    const listeners = { agent: "0.0.0.0:4141", control: "0.0.0.0:4142" };
    await writeFolder({ "slipclutch.yaml": { ...main, listeners } }, config);
    const guard = await createGuard({ config, data, agent: "worker" });
    ending.push(() => guard.close());
    const control = JSON.parse(await readFile(join(data, "control.json"), "utf8"));
    for (const [url, port] of [
      [guard.settings.baseURL, "4141"],
      [control.url, "4142"],
    ]) {
      expect(new URL(url).hostname).toBe("127.0.0.1");
      expect(new URL(url).port).not.toBe(port);
    }
  });

  test("says what is wrong with the folder or the agent", async () => {
    const { config, data } = await folders();
    await expect(createGuard({ config, data, agent: "nobody" })).rejects.toThrow("worker");
    await writeFolder({ "slipclutch.yaml": "version: 1\nbudget: 3\nproviders: 5\n" }, config);
    const invalid = createGuard({ config, data, agent: "worker" });
    await expect(invalid).rejects.toThrow(/not valid[\s\S]*providers/);
  });

  test("a key that was revoked stays revoked", async () => {
    const where = await folders();
    const first = await createGuard({ ...where, agent: "worker" });
    ending.push(() => first.close());
    const { token, url } = JSON.parse(await readFile(join(where.data, "control.json"), "utf8"));
    const headers = { authorization: `Bearer ${token}` };
    const [key] = (await (await fetch(`${url}/api/v1/keys`, { headers })).json()) as Json[];
    expect(
      (await fetch(`${url}/api/v1/keys/${key.id}`, { method: "DELETE", headers })).status,
    ).toBe(200);
    const look = first.tool({ name: "look" }, () => 1);
    expect(await refusal(look({ table: "tickets" }))).toMatchObject({ code: "key.invalid" });
    await first.close();
    await expect(createGuard({ ...where, agent: "worker" })).rejects.toThrow("was revoked");
  });
});
