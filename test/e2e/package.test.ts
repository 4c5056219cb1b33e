/** The published package: packed, installed with plain npm somewhere else, started, asked, stopped. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "..", "..");
/** What a user's `npm install slipclutch` may bring in, us included. */
const PACKAGES_MAX = 30;
const START_MS = 10_000;

const place = fs.mkdtempSync(path.join(os.tmpdir(), "slipclutch-package-"));
const app = path.join(place, "app");
const home = path.join(place, "home");
/** An empty home, none of npm's settings of this run, and this repository's Node first. */
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|SLIPCLUTCH_|VITEST)/i.test(name)),
  ),
  PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}`,
  HOME: home,
};
const children: ChildProcess[] = [];

function npm(cwd: string, ...parameters: readonly string[]): string {
  return execFileSync("npm", parameters, { cwd, env: environment, encoding: "utf8" });
}

function slipclutch(...parameters: readonly string[]): string {
  return npm(app, "exec", "--offline", "--", "slipclutch", ...parameters);
}

beforeAll(() => {
  fs.mkdirSync(app);
  fs.mkdirSync(home);
  // Its own scripts would build again what the runner has just built.
  const [packed] = JSON.parse(
    npm(ROOT, "pack", "--json", "--ignore-scripts", "--pack-destination", place),
  );
  fs.writeFileSync(path.join(app, "package.json"), '{"private":true}');
  npm(app, "install", "--omit=dev", "--no-audit", "--no-fund", path.join(place, packed.filename));
}, 120_000);

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  fs.rmSync(place, { recursive: true, force: true });
});

describe("the installed package", () => {
  test("brings few packages, and none that runs a script", () => {
    const lock = JSON.parse(fs.readFileSync(path.join(app, "package-lock.json"), "utf8"));
    const installed: [string, { hasInstallScript?: boolean }][] = Object.entries(lock.packages);
    const names = installed.filter(([where]) => where !== "");
    expect(names.length).toBeLessThanOrEqual(PACKAGES_MAX);
    expect(names.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
  });

  test("holds the program and no source, test or stamp", () => {
    const folder = path.join(app, "node_modules", "slipclutch");
    expect(fs.readdirSync(folder).sort()).toEqual(
      ["CHANGELOG.md", "LICENSE", "NOTICE", "README.md", "dist", "package.json", "schemas"].filter(
        (name) => fs.existsSync(path.join(ROOT, name)),
      ),
    );
    expect(fs.readdirSync(path.join(folder, "dist"))).not.toContain("compile-cache");
  });

  test("has the demo's programs, with the licences of what is in its agent", () => {
    const dist = path.join(app, "node_modules", "slipclutch", "dist");
    for (const name of ["model", "tool-server", "cloud"]) {
      expect(fs.existsSync(path.join(dist, `demo-${name}.mjs`)), name).toBe(true);
    }
    const licences = fs.readFileSync(path.join(dist, "demo-agent.licenses.txt"), "utf8");
    for (const name of ["openai", "@modelcontextprotocol/sdk", "zod"]) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.`, "m"));
    }
    // It stands alone: neither client is a dependency of the package.
    const agent = fs.readFileSync(path.join(dist, "demo-agent.mjs"), "utf8");
    const imported = [...agent.matchAll(/(?:\bfrom|\bimport)\s*\(?"([^"]+)"/g)];
    expect(imported.map(([, name = ""]) => name).filter((name) => !/^node:/.test(name))).toEqual(
      [],
    );
    expect(fs.existsSync(path.join(app, "node_modules", "openai"))).toBe(false);
  });

  test("plays its demo by the programs that are in it", async () => {
    const program = path.join(app, "node_modules", "slipclutch", "dist", "slipclutch.mjs");
    const child = spawn(process.execPath, [program, "demo", "retry-loop"], {
      cwd: home,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    let said = "";
    const ended = new Promise((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on("data", (chunk) => {
          said += chunk;
          // By then the model, the tools, both agents and the gateway have done something.
          if (said.includes("The transcription service breaks")) child.kill("SIGTERM");
        });
      }
      child.once("close", resolve);
    });
    expect(await ended, said).toBe(1);
    expect(said).toContain("Its processes and files are gone.");
  });

  test("lets a program guard itself", () => {
    slipclutch("init", path.join(app, "alone"));
    const program = path.join(app, "agent.mjs");
    fs.writeFileSync(
      program,
      `import { createGuard, DeniedError } from "slipclutch";
      const guard = await createGuard({ config: "alone", data: "alone-data", agent: "example" });
      const { apiKey, baseURL, fetch } = guard.settings;
      const messages = [{ role: "user", content: "Hello" }];
      const body = JSON.stringify({ model: "simulated-small", max_tokens: 9, messages });
      const headers = { "content-type": "application/json" };
      const sent = { method: "POST", headers, body };
      const answer = await fetch(baseURL + "/chat/completions", sent);
      const refused = await guard.tool({ name: "rm" }, () => 1)({}).catch((error) => error);
      await guard.close();
      console.log(answer.status, refused instanceof DeniedError, refused.code);`,
    );
    const said = execFileSync(process.execPath, [program], { cwd: app, encoding: "utf8" });
    expect(said).toBe("200 true manifest.unknown-tool\n");
  });

  test("has types for such a program, and few others", () => {
    const source = `import { createGuard, DeniedError } from "slipclutch";
      const guard = await createGuard({ gateway: "http://127.0.0.1:4141", key: "sck_1" });
      const look = guard.tool({ name: "look" }, async (given: { id: number }) => given.id);
      const found: number = await look({ id: 1 });
      // @ts-expect-error: an id is a number
      await look({ id: "1" });
      // @ts-expect-error: a folder needs an agent
      await createGuard({ config: "guardrails" });
      export const code = (error: unknown) => error instanceof DeniedError && error.code;
      import { ControlClient, type ReviewView } from "slipclutch/client";
      const control = new ControlClient("http://127.0.0.1:4142", "sco_1");
      const review: ReviewView = await control.review("r-1");
      const parked: number = review.parked;
      // @ts-expect-error: a decision has a reason
      await control.decideReview("r-1", { version: review.version, decision: "resume" });
      // @ts-expect-error: nobody decides so
      await control.decideReview("r-1", { version: 1, decision: "shrug", reason: "r" });
      export { found, parked };`;
    const program = path.join(app, "agent.mts");
    fs.writeFileSync(program, source);
    const tsc = path.join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const types = path.join(ROOT, "node_modules", "@types");
    const strict = ["--strict", "--module", "nodenext", "--target", "es2024", "--noEmit"];
    const parameters = [tsc, ...strict, "--typeRoots", types, "--types", "node", program];
    const { status, stdout } = spawnSync(process.execPath, parameters, {
      cwd: app,
      encoding: "utf8",
    });
    expect([status, stdout]).toEqual([0, ""]);
    // What is inside is nobody's to import.
    const declared = path.join(app, "node_modules", "slipclutch", "dist", "types");
    expect(fs.existsSync(path.join(declared, "sdk", "guard.d.ts"))).toBe(true);
    expect(fs.existsSync(path.join(declared, "control", "client.d.ts"))).toBe(true);
    expect(fs.existsSync(path.join(declared, "gateway"))).toBe(false);
  });

  test("helps", () => {
    expect(slipclutch("--help")).toContain("slipclutch");
  });

  test("writes a configuration that its own check accepts", () => {
    slipclutch("init", path.join(app, "guardrails"));
    expect(() => slipclutch("check", "--config", path.join(app, "guardrails"))).not.toThrow();
  });

  test("reads SQL once its grammar is installed, and says what to install before", () => {
    const folder = path.join(app, "sql");
    fs.mkdirSync(path.join(folder, "agents"), { recursive: true });
    const tools = "{ q: { sql: /arguments/sql } }";
    const servers = `{ t: { kind: mcp, url: "http://127.0.0.1:1/", tools: ${tools} } }`;
    fs.writeFileSync(
      path.join(folder, "slipclutch.yaml"),
      `version: 1\ntool_servers: ${servers}\n`,
    );
    const manifest = "version: 1\nagent: a\nuncapped: true\nallowed_tools: [{ tool_name: q }]\n";
    fs.writeFileSync(path.join(folder, "agents", "a.yaml"), manifest);
    const args = JSON.stringify({ sql: "delete from orders" });
    const explain = () => {
      const asked = ["manifest", "explain", "q", "--agent", "a", "--config", folder];
      const parameters = ["exec", "--offline", "--", "slipclutch", ...asked, "--args", args];
      const { stderr, stdout } = spawnSync("npm", parameters, {
        cwd: app,
        env: environment,
        encoding: "utf8",
      });
      return stdout + stderr;
    };
    expect(explain()).toContain("npm install libpg-query@18");
    const modules = path.join(app, "node_modules");
    for (const name of ["libpg-query", "@pgsql"]) {
      fs.cpSync(path.join(ROOT, "node_modules", name), path.join(modules, name), {
        recursive: true,
      });
    }
    expect(explain()).toContain("because DELETE");
  });

  test("holds arguments against their schema, for which it loads a package", () => {
    const folder = path.join(app, "tools");
    fs.mkdirSync(path.join(folder, "agents"), { recursive: true });
    const servers =
      '{ t: { kind: mcp, url: "http://127.0.0.1:1/", tools: { f: { effect: read } } } }';
    const budgets = "[{ name: b, each: agent, limit_usd: 1, window: day }]";
    const main = `version: 1\ntool_servers: ${servers}\nbudgets: ${budgets}\n`;
    fs.writeFileSync(path.join(folder, "slipclutch.yaml"), main);
    const check = (schema: string) => {
      const tool = `{ tool_name: f, arguments: ${schema} }`;
      const manifest = `version: 1\nagent: a\nallowed_tools: [${tool}]\n`;
      fs.writeFileSync(path.join(folder, "agents", "a.yaml"), manifest);
      return slipclutch("check", "--config", folder);
    };
    expect(check("{ type: object }")).toContain("checked");
    expect(() => check("{ type: objekt }")).toThrow("allowed_tools[0].arguments.type");
  });

  test("starts without a configuration, answers a call, and ends at SIGTERM with 0", async () => {
    const program = path.join(app, "node_modules", "slipclutch", "dist", "slipclutch.mjs");
    const ports = ["--agent-port", "0", "--control-port", "0"];
    const data = path.join(place, "data");
    const child = spawn(process.execPath, [program, "start", "--json", "--data", data, ...ports], {
      cwd: home,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    const ready = await firstLine(child);
    expect(ready).toMatchObject({ event: "ready" });

    const answer = await fetch(`${ready.agent_url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${ready.agent_key}`, "content-type": "application/json" },
      body: JSON.stringify({
        model: "simulated-small",
        messages: [{ role: "user", content: "Hello" }],
        max_completion_tokens: 16,
      }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { object: "chat.completion" },
    ]);

    const ended = new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});

interface Ready {
  readonly event: string;
  readonly agent_url: string;
  readonly agent_key: string;
}

/** The one line of `start --json`; an early end or silence is reported with what was said on stderr. */
function firstLine(child: ChildProcess): Promise<Ready> {
  return new Promise((resolve, reject) => {
    let out = "";
    let log = "";
    const fail = (why: string) => reject(new Error(`${why}\n${log}`));
    const late = setTimeout(() => fail(`not ready after ${START_MS} ms`), START_MS);
    child.stderr?.on("data", (chunk) => (log += chunk));
    child.stdout?.on("data", (chunk) => {
      out += chunk;
      const end = out.indexOf("\n");
      if (end < 0) return;
      clearTimeout(late);
      resolve(JSON.parse(out.slice(0, end)));
    });
    child.once("exit", (code) => fail(`ended with ${code}`));
  });
}
