/** The real OPA, asked over its REST API. */
import { type AddressInfo, connect, createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { opaEngine } from "../../src/adapters/policy-engine/opa/engine.ts";
import type { PolicyDocument } from "../../src/ports/policy-engine.ts";
import { policyEngineConformance } from "../../src/testing/policy-engine-conformance.ts";
import { type Opa, type OpaRun, startOpa } from "../support/opa.ts";
import { part } from "../support/parts.ts";

const available = part("opa").available;
const URL_OF_SOCKETS = "http://opa.example";

describe.skipIf(!available)("with opa", () => {
  policyEngineConformance(
    "opa",
    async ({ dialect, sources }) => {
      const opa = await startOpa({ sources, dialect });
      const settings = { url: URL_OF_SOCKETS, socket: opa.socket, token: null };
      return { engine: opaEngine(settings, systemClock), sources, dispose: () => opa.close() };
    },
    { strict: true, absent: "undefined" },
  );
});

const TEXT = `package a
p := input.x
starts if startswith(input.x, "y")
wrong := to_number(input.x)
`;
const AUTHORIZATION = `package system.authz
default allow := false
allow if input.identity == "secret-token"
`;
const LOADED = { revision: "r", modules: [], data: "{}" };
const MS = 10_000;

describe.skipIf(!available)("a real opa", () => {
  const running: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const each of running.splice(0).reverse()) await each.close();
  });

  async function start(
    run: Partial<OpaRun> = {},
    texts: Readonly<Record<string, string>> = { "a.rego": TEXT },
  ): Promise<Opa> {
    const modules = Object.entries(texts).map(([file, text]) => ({ file, text }));
    const sources = { revision: "r", modules, data: "{}" };
    const opa = await startOpa({ sources, dialect: "v1", ...run });
    running.push(opa);
    return opa;
  }

  async function asking(settings: { socket?: string; url?: string; token?: string }) {
    const { socket = null, token = null, url = URL_OF_SOCKETS } = settings;
    const policies = await opaEngine({ url, socket, token }, systemClock).load(LOADED, []);
    running.push(policies);
    return (name: string, input: PolicyDocument, lenient = false) =>
      policies.ask({ path: ["a", name], lenient }, input, { now: 0n, timeoutMs: MS });
  }

  test("is asked over TCP, below any path, as over a socket", async () => {
    const { socket } = await start();
    const relay = createServer((from) => {
      const to = connect(socket);
      from.on("error", () => to.destroy()).pipe(to);
      to.on("error", () => from.destroy()).pipe(from);
    });
    await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
    running.push({ close: async () => relay.close() });
    // `as`: it listens on TCP.
    const { port } = relay.address() as AddressInfo;
    const ask = await asking({ url: `http://127.0.0.1:${port}/` });
    expect(await ask("p", { x: [1] })).toEqual({ kind: "value", value: [1] });
  });

  test("says the code and the place of an error", async () => {
    const ask = await asking(await start());
    expect(await ask("wrong", { x: "x" })).toMatchObject({
      kind: "failed",
      code: "error",
      because: expect.stringMatching(/a\.rego:4: eval_builtin_error: to_number: /),
    });
    expect(await ask("wrong", { x: "x" }, true)).toEqual({ kind: "undefined" });
  });

  test("leaves rules out by its index, and with them an error that strict mode would raise", async () => {
    const ask = await asking(await start());
    expect(await ask("starts", { x: 7 })).toEqual({ kind: "undefined" });
  });

  test("a path is asked for as it is written, whatever is in it", async () => {
    const ask = await asking(await start());
    for (const name of ["p/..", "../a/p", "p?x=", "p%", "p#", "é", "", "..", "."]) {
      expect(await ask(name, { x: 1 })).not.toMatchObject({ kind: "value", value: 1 });
    }
  });

  test("has its decisions and bundles named", async () => {
    const parameters = ["--set", "decision_logs.console=true"];
    const manifest = '{"revision": "rev-7", "roots": ["a"]}';
    const texts = { "a.rego": TEXT, ".manifest": manifest };
    const { socket } = await start({ parameters, isBundle: true }, texts);
    const ask = await asking({ socket });
    const answers = [await ask("p", { x: 1 }), await ask("nope", {})];
    expect(answers.map(({ kind }) => kind)).toEqual(["value", "undefined"]);
    for (const answer of answers) {
      const trace = answer.kind === "failed" ? undefined : answer.trace;
      expect(trace?.decisionId).toMatch(/^[-0-9a-f]{36}$/);
      expect(Object.values(trace?.revisions ?? {})).toEqual(["rev-7"]);
    }
  });

  test("that wants a token is asked with it, and refused without", async () => {
    const parameters = ["--authentication=token", "--authorization=basic"];
    const texts = { "a.rego": TEXT, "authz.rego": AUTHORIZATION };
    const { socket } = await start({ parameters }, texts);
    const ask = await asking({ socket, token: "secret-token" });
    expect(await ask("p", { x: 1 })).toMatchObject({ kind: "value", value: 1 });
    await expect(asking({ socket })).rejects.toThrow("its /health answers with status 401");
    await expect(asking({ socket, token: "other-token" })).rejects.toThrow(/^(?!.*other-token)/);
  });

  test("that is killed cannot be asked, nor loaded", async () => {
    const opa = await start();
    const ask = await asking(opa);
    expect(await ask("p", { x: 1 })).toMatchObject({ kind: "value" });
    await opa.kill();
    expect(await ask("p", { x: 1 })).toMatchObject({ kind: "failed", code: "unreachable" });
    await expect(asking(opa)).rejects.toMatchObject({
      problems: [{ code: "opa_unreachable", hint: expect.stringContaining("opa run --server") }],
    });
  });
});
