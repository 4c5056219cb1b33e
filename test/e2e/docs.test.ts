/**
 * Runs what README.md and docs/*.md show. A fenced block says what it is by the words after its
 * opening fence:
 *
 *   sh                    run with bash, in one folder a page, variables kept from block to block
 *   sh fails              the same, and it must end with a code other than 0
 *   sh background         the same, and it is left running: a gateway or a tool server
 *   ts, python            run with the official clients, unmodified
 *   text output           what the block before printed, with ids, times and ports masked;
 *                         a line `…` stands for any lines
 *   json output           the same, for one value of JSON laid out for reading
 *   yaml guardrails/FILE  written there (json and rego as well), for what comes after
 *   yaml, yaml FILE       a piece of slipclutch.yaml, or of FILE: valid over `BASE`
 *   rego examples/FILE    that file, which test/unit/policy-patterns.test.ts runs
 *   yaml examples/FOLDER  how it is bound in slipclutch.yaml, which the same test loads
 *   text                  nothing is run
 *
 * http://127.0.0.1:4141 and :4142 stand for the gateway's listeners, :7000 for the tool server
 * that the page has started, and `sck_…` for the gateway's first key, as a reader would put them in;
 * the id of a decision, a key or a review stands for the one that the page
 * printed last. `ts FILE` is written and not run: a program for later blocks. A page that starts no gateway has one with the starter
 * configuration, as after `npm start`; `slipclutch` finds it as if it were in the data folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { checkingEngines } from "../../src/compose/policy-host.ts";
import { load } from "../../src/config/load.ts";
import { STARTER } from "../../src/config/starter.ts";
import { BUDGET_TOOL } from "../../src/guards/tool/names.ts";
import { DENIALS } from "../../src/guards/verdict.ts";
import { REFUSED as UNSUPPORTED } from "../../src/rego/builtins/known.ts";
import { forget, MAIN, NODE, startGateway, type TestGateway } from "../support/gateway.ts";
import { part } from "../support/parts.ts";
import { pythonClients } from "../support/python.ts";

const ROOT = path.resolve(import.meta.dirname, "..", "..");
const PAGES = [
  "README.md",
  ...fs
    .readdirSync(path.join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const BLOCK_MS = 60_000;
const START_MS = 60_000;
/** More than all pages together take. */
const WHOLE_MS = 90_000;
const DAY_MS = 86_400_000;
const AGENT_URL = "http://127.0.0.1:4141";
const CONTROL_URL = "http://127.0.0.1:4142";
const TOOLS_URL = "http://127.0.0.1:7000";
/** What a program that is left running prints once it can be called. */
const STARTED = /Dashboard: |^Tools: /m;
const KEY = "sck_…";
const IDS = [/\bd-[0-9a-f]{16}-[0-9a-z]+/g, /\bkey_[0-9a-f]{16}\b/g, /\br-[0-9a-f]{16}\b/g];

/** Provider keys that pages take from the environment; nothing here is ever sent anywhere. */
const SECRETS = {
  OPENAI_API_KEY: "sk-not-a-key",
  ANTHROPIC_API_KEY: "sk-ant-not-a-key",
  AZURE_OPENAI_API_KEY: "not-a-key",
  OPENROUTER_API_KEY: "sk-or-not-a-key",
  GITHUB_TOKEN: "not-a-token",
  DATABASE_URL: "postgres://slipclutch:not-a-password@127.0.0.1/slipclutch?sslmode=verify-full",
  SLACK_WEBHOOK_URL: "https://hooks.slack.com/services/T0/B0/not-a-secret",
  CARE_WEBHOOK_URL: "https://care.example.com/hooks/slipclutch",
  CARE_WEBHOOK_SECRET: "not-a-secret-of-the-care-team",
  SLIPCLUTCH_ENCRYPTION_KEY: "0".repeat(64),
};

/** What a piece of configuration is put over to be checked. */
const BASE: Readonly<Record<string, Record<string, unknown>>> = {
  "slipclutch.yaml": {
    version: 1,
    providers: {
      openai: { kind: "openai", api_key: "not-a-key" },
      anthropic: { kind: "anthropic", api_key: "not-a-key" },
    },
    tool_servers: {
      tickets: {
        kind: "mcp",
        url: `${TOOLS_URL}/mcp`,
        tools: { transcribe_audio: { effect: "read" }, update_ticket_status: { effect: "write" } },
      },
    },
    budgets: [{ name: "base", each: "agent", limit_usd: 100, window: "month" }],
  },
  "agents/support.yaml": { version: 1, agent: "support", labels: { team: "care", org: "acme" } },
  "agents/coder.yaml": { version: 1, agent: "coder", labels: { team: "tools", org: "acme" } },
};

interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const lines = fs.readFileSync(path.join(ROOT, page), "utf8").split("\n");
  const blocks: Block[] = [];
  let open: { line: number; info: string; text: string[] } | null = null;
  for (const [index, line] of lines.entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (fence === null) open?.text.push(line);
    else if (open === null) open = { line: index + 1, info: fence[1] ?? "", text: [] };
    else {
      const [language = "", ...words] = open.info.trim().split(/ +/);
      blocks.push({ page, line: open.line, language, words, text: open.text.join("\n") });
      open = null;
    }
  }
  if (open !== null) throw new Error(`${page}:${open.line}: a fence without its end`);
  return blocks;
}

/** One page being run: its folder, its gateway, and what its last block printed. */
class Page {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipclutch-docs-"));
  readonly #background: ChildProcess[] = [];
  readonly #environment: Readonly<Record<string, string>>;
  #agentUrl: string;
  #controlUrl: string;
  #toolsUrl = TOOLS_URL;
  #key: string;
  /** Null: nothing ran, for want of a part. */
  #printed: string | null = "";
  /** The id of each kind that was printed last. */
  readonly #ids = new Map<RegExp, string>();

  constructor(gateway: TestGateway, bin: string) {
    this.#agentUrl = gateway.agentUrl;
    this.#controlUrl = gateway.controlUrl;
    this.#key = gateway.agentKey;
    fs.symlinkSync(packages, path.join(this.folder, "node_modules"));
    fs.symlinkSync(path.join(ROOT, "examples"), path.join(this.folder, "examples"));
    const { PATH = "", HOME = "" } = process.env;
    this.#environment = {
      ...SECRETS,
      HOME,
      PATH: [bin, path.dirname(NODE), PATH].join(path.delimiter),
      NO_PROXY: "127.0.0.1",
      PORT: "0",
      OPENAI_BASE_URL: `${gateway.agentUrl}/v1`,
      ANTHROPIC_BASE_URL: gateway.agentUrl,
      SLIPCLUTCH_KEY: gateway.agentKey,
      SLIPCLUTCH_URL: gateway.controlUrl,
      SLIPCLUTCH_TOKEN: gateway.operatorToken,
    };
    fs.writeFileSync(this.#state, "");
  }

  get #state(): string {
    return path.join(this.folder, ".state");
  }

  async run(block: Block): Promise<void> {
    const { language, words } = block;
    if (words[0] === "output") return this.#compare(block);
    if (language === "yaml" || language === "json" || language === "rego")
      return this.#configure(block);
    if (language === "sh") return this.#shell(block);
    if (language === "ts" && words.length > 0) return this.#configure(block);
    if (language === "ts") return this.#program(block, "mts", NODE);
    if (language === "python") {
      const python = part("python").available ? pythonClients() : null;
      this.#printed = null;
      if (python !== null) await this.#program(block, "py", python);
      return;
    }
    throw new Error(`nobody knows how to run "${language} ${words.join(" ")}"`);
  }

  async close(): Promise<void> {
    for (const child of this.#background) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  async #shell(block: Block): Promise<void> {
    const text = this.#filledIn(block.text);
    if (block.words.includes("background")) return this.#start(text);
    const script = `. ./.state\n${text}\ncode=$?\nexport -p > .state\nexit $code\n`;
    const { code, out } = await this.#spawn("bash", ["-c", script]);
    this.#print(out.out);
    const why = `\n${out.err}${out.out}`;
    if (block.words.includes("fails")) expect(code, why).not.toBe(0);
    else expect(code, why).toBe(0);
  }

  async #program(block: Block, extension: string, program: string): Promise<void> {
    const file = path.join(this.folder, `block-${block.line}.${extension}`);
    fs.writeFileSync(file, this.#filledIn(block.text));
    const script = `. ./.state; exec "$0" "$1"`;
    const { code, out } = await this.#spawn("bash", ["-c", script, program, file]);
    this.#print(out.out);
    expect(code, `\n${out.err}${out.out}`).toBe(0);
  }

  /** A gateway of the page's own takes the place of the one it had; a tool server is its first. */
  async #start(text: string): Promise<void> {
    const child = this.#child("bash", [
      "-c",
      `. ./.state\nunset SLIPCLUTCH_URL SLIPCLUTCH_TOKEN\nexec ${text}`,
    ]);
    this.#background.push(child);
    let out = "";
    let err = "";
    child.stderr?.on("data", (chunk) => {
      err += chunk;
    });
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}\n${err}${out}`));
      const timer = setTimeout(() => fail("it did not start"), START_MS);
      child.once("exit", (code) => fail(`it ended with ${code}`));
      child.stdout?.on("data", (chunk) => {
        out += chunk;
        if (!STARTED.test(out)) return;
        clearTimeout(timer);
        resolve();
      });
    });
    const toolsUrl = /^Tools: (\S+)/m.exec(out)?.[1];
    if (toolsUrl !== undefined) {
      this.#toolsUrl = new URL(toolsUrl).origin;
      return this.#print(out);
    }
    this.#agentUrl = /ANTHROPIC_BASE_URL=(\S+)/.exec(out)?.[1] ?? "";
    this.#controlUrl = /Dashboard: (\S+)/.exec(out)?.[1] ?? "";
    this.#key = /sck_[0-9a-f]+/.exec(out)?.[0] ?? this.#key;
    this.#print(out);
    fs.appendFileSync(this.#state, "unset SLIPCLUTCH_URL SLIPCLUTCH_TOKEN\n");
  }

  #child(program: string, parameters: readonly string[]): ChildProcess {
    return spawn(program, parameters, {
      cwd: this.folder,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  #spawn(program: string, parameters: readonly string[]) {
    const child = this.#child(program, parameters);
    const out = { out: "", err: "" };
    child.stdout?.on("data", (chunk) => {
      out.out += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      out.err += chunk;
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), BLOCK_MS);
    return new Promise<{ code: number | null; out: typeof out }>((resolve) => {
      child.once("close", (code) => {
        clearTimeout(timer);
        resolve({ code, out });
      });
    });
  }

  #print(text: string): void {
    this.#printed = text;
    for (const shape of IDS) {
      const last = text.match(shape)?.at(-1);
      if (last !== undefined) this.#ids.set(shape, last);
    }
  }

  #filledIn(text: string): string {
    let filled = text
      .replaceAll(AGENT_URL, this.#agentUrl)
      .replaceAll(CONTROL_URL, this.#controlUrl)
      .replaceAll(TOOLS_URL, this.#toolsUrl)
      .replaceAll(KEY, this.#key);
    for (const [shape, id] of this.#ids) filled = filled.replaceAll(shape, id);
    return filled;
  }

  /** What differs from one run to the next is put aside; amounts of money are not. */
  #masked(text: string): string {
    return text
      .replaceAll(this.folder, "/srv")
      .replaceAll(this.#agentUrl, AGENT_URL)
      .replaceAll(this.#controlUrl, CONTROL_URL)
      .replaceAll(this.#toolsUrl, TOOLS_URL)
      .replaceAll(/\bd-[0-9a-f]{16}-[0-9a-z]+/g, "d-ID")
      .replaceAll(/\bsc([ko])_([0-9a-f]+|…)/g, "sc$1_ID")
      .replaceAll(/\bkey_([0-9a-f]{16}|…)/g, "key_ID")
      .replaceAll(/\br-([0-9a-f]{16}|…)/g, "r-ID")
      .replaceAll(/\bdir:([0-9a-f]{64}|…)/g, "dir:ID")
      .replaceAll(/\b(dir|git):[0-9a-f]{12}\b/g, "$1:ID")
      .replaceAll(/\b[0-9a-f]{32,64}\b/g, "ID")
      .replaceAll(/\b(chatcmpl|msg)[-_]simulated[-_]\d+/g, "$1-ID")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replaceAll(/\b20\d\d-\d\d-\d\d\b/g, "DAY")
      .replaceAll(/\b[\d.]+( ms\b)/g, "N$1")
      .replaceAll(/\b((?:decided|first_byte|ended)_ms) [\d.]+/g, "$1 N")
      .replaceAll(/\b\d+( entries of| checkpoints)/g, "N$1")
      .replaceAll(/("?(?:created|pid|position)"?:? ?)\d+/g, "$1N")
      .replaceAll(/[ \t]+/g, " ")
      .trim();
  }

  #compare(block: Block): void {
    if (this.#printed === null) return;
    if (block.language === "json") {
      const shown = JSON.parse(this.#masked(block.text));
      expect(JSON.parse(this.#masked(this.#printed))).toEqual(shown);
      return;
    }
    const pattern = this.#masked(block.text)
      .split("\n")
      .map((line) => (line.trim() === "…" ? "[\\s\\S]*?" : `${escaped(line.trim())} *`))
      .join("\n");
    const printed = this.#masked(this.#printed).replaceAll(/ *\n */g, "\n");
    if (new RegExp(`^${pattern}$`).test(printed)) return;
    expect(printed).toBe(this.#masked(block.text));
  }

  async #configure(block: Block): Promise<void> {
    const [file = "slipclutch.yaml"] = block.words;
    if (block.language !== "ts" && !file.startsWith("guardrails"))
      return checkPiece(file, block.text, this.folder);
    const target = path.join(this.folder, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, `${block.text.replaceAll(TOOLS_URL, this.#toolsUrl)}\n`);
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** A piece is valid if a folder is that has it and what it leaves out from `BASE`. */
async function checkPiece(file: string, text: string, folder: string): Promise<void> {
  const piece: Record<string, unknown> = parse(text);
  const files = structuredClone(BASE) as Record<string, Record<string, unknown>>;
  const before = files[file] ?? {};
  files[file] = { ...before, ...piece };
  const { budgets, providers } = before;
  if (Array.isArray(budgets)) {
    files[file].budgets = [...budgets, ...(Array.isArray(piece.budgets) ? piece.budgets : [])];
  }
  if (providers !== undefined) {
    files[file].providers = { ...providers, ...(piece.providers as object | undefined) };
  }
  const into = fs.mkdtempSync(path.join(folder, "piece-"));
  fs.mkdirSync(path.join(into, "agents"));
  for (const [name, value] of Object.entries(files)) {
    const written = name.endsWith(".json") ? JSON.stringify(value) : stringify(value);
    fs.writeFileSync(path.join(into, name), written);
  }
  await expectValid(into);
}

async function expectValid(folder: string): Promise<void> {
  const loaded = await load(folder, {
    environment: SECRETS,
    today: "2026-01-01",
    engines: checkingEngines(),
  });
  expect(loaded.kind === "invalid" ? loaded.issues : []).toEqual([]);
}

let gateway: TestGateway;
const bin = fs.mkdtempSync(path.join(os.tmpdir(), "slipclutch-bin-"));
/** What a reader has installed: what this repository has, and its own package. */
const packages = fs.mkdtempSync(path.join(os.tmpdir(), "slipclutch-packages-"));

beforeAll(async () => {
  // A page's sums are those of one day: none begins just before the next one does.
  const toMidnight = DAY_MS - (Date.now() % DAY_MS);
  if (toMidnight < WHOLE_MS) await new Promise((resolve) => setTimeout(resolve, toMidnight));
  // As a reader starts it, but on ports that are free.
  const free = 'if [ "$1" = start ]; then set -- "$@" --agent-port 0 --control-port 0; fi';
  const program = `#!/bin/sh\n${free}\nexec ${NODE} ${MAIN} "$@"\n`;
  fs.writeFileSync(path.join(bin, "slipclutch"), program, { mode: 0o755 });
  for (const name of fs.readdirSync(path.join(ROOT, "node_modules"))) {
    fs.symlinkSync(path.join(ROOT, "node_modules", name), path.join(packages, name));
  }
  fs.symlinkSync(ROOT, path.join(packages, "slipclutch"));
  gateway = await startGateway({ config: Object.fromEntries(STARTER) });
}, 2 * WHOLE_MS);

afterAll(async () => {
  await gateway.stop();
  await forget(gateway);
  for (const folder of [bin, packages]) fs.rmSync(folder, { recursive: true, force: true });
});

describe.concurrent("what is shown works:", () => {
  for (const page of PAGES) {
    if (page === "docs/git.md" && !part("git").available) continue;
    const runnable = blocksOf(page).filter(
      ({ language, words }) =>
        (language !== "text" && words[0]?.startsWith("examples/") !== true) ||
        words[0] === "output",
    );
    if (runnable.length === 0) continue; // prose alone: its links are looked at below
    test(page, { timeout: 120_000 }, async () => {
      const running = new Page(gateway, bin);
      try {
        for (const block of runnable) {
          await running.run(block).catch((error: unknown) => {
            if (error instanceof Error) {
              error.message = `${page}:${block.line}: ${error.message}`;
            }
            throw error;
          });
        }
      } finally {
        await running.close();
      }
    });
  }
});

describe("the pages", () => {
  test("mark little as not to be run, and never a program's language", () => {
    const kept = PAGES.flatMap(blocksOf).filter(
      ({ language, words }) => language === "text" && words[0] !== "output",
    );
    expect(kept.map(({ page, line }) => `${page}:${line}`).length).toBeLessThanOrEqual(13);
    for (const block of PAGES.flatMap(blocksOf)) {
      expect(["sh", "ts", "python", "rego", "yaml", "json", "text"]).toContain(block.language);
    }
  });

  test("link to what is there", () => {
    const broken: string[] = [];
    for (const page of [...PAGES, ...referencePages()]) {
      for (const [, target = "", anchor = ""] of prose(page).matchAll(LINK)) {
        if (/^[a-z]+:/.test(target)) continue;
        const file = target === "" ? page : path.join(path.dirname(page), target);
        if (!fs.existsSync(path.join(ROOT, file))) broken.push(`${page}: ${target}`);
        else if (anchor !== "" && !anchorsOf(file).has(anchor)) {
          broken.push(`${page}: ${target}#${anchor}`);
        }
      }
    }
    expect(broken).toEqual([]);
  });

  test("name only metrics that there are", () => {
    const known = prose("docs/reference/metrics.md");
    for (const page of PAGES) {
      for (const [name] of prose(page).matchAll(/slipclutch_(?!v1)[a-z_]+/g)) {
        if (name !== BUDGET_TOOL) expect(known, page).toContain(`\`${name}\``);
      }
    }
  });

  test("name only commands and options that there are", () => {
    const commands = fs.readFileSync(path.join(ROOT, "docs", "reference", "cli.md"), "utf8");
    const sections = new Map(
      commands.split(/^## /m).map((text) => [text.slice(0, text.indexOf("\n")), text]),
    );
    for (const page of PAGES) {
      for (const [, written = ""] of prose(page).matchAll(/`(slipclutch [^`]+)`/g)) {
        const [name = "", first = "", second = ""] = written.split(" ");
        const section =
          sections.get(`${name} ${first} ${second}`) ?? sections.get(`${name} ${first}`) ?? "";
        expect(section, `${page}: ${written}`).not.toBe("");
        for (const [option] of written.matchAll(/--[a-z-]+/g)) {
          expect(section, `${page}: ${written}`).toContain(option);
        }
      }
    }
  });

  test("say of every function that policies cannot have why", () => {
    const text = fs.readFileSync(path.join(ROOT, "docs", "policies.md"), "utf8");
    const rows = [...text.matchAll(/^\| (`[^|]+`) \| ([^|]+) \|$/gm)].flatMap(
      ([, names = "", why = ""]) => names.split(", ").map((name) => [name.slice(1, -1), why]),
    );
    expect(rows.sort()).toEqual([...UNSUPPORTED].sort());
  });

  test("say of every refusal what to do", () => {
    const text = fs.readFileSync(path.join(ROOT, "docs", "refusals.md"), "utf8");
    const sections = [...text.matchAll(/^### `([^`]+)` \((\d+)\)$/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    const codes = Object.entries(DENIALS).map(([code, { status }]) => [code, status]);
    expect(sections.sort()).toEqual(codes.sort());
  });

  test.each(examples())("examples/%s is valid", async (name) => {
    await expectValid(path.join(ROOT, "examples", name));
  });
});

const LINK = /\]\(([^)#\s]*)(?:#([^)]*))?\)/g;

/** A page without its blocks. */
function prose(page: string): string {
  const text = fs.readFileSync(path.join(ROOT, page), "utf8");
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/** What the headings of a page are linked by. */
function anchorsOf(page: string): Set<string> {
  const headings = [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

function referencePages(): string[] {
  const folder = path.join(ROOT, "docs", "reference");
  return fs.readdirSync(folder).map((name) => `docs/reference/${name}`);
}

function examples(): string[] {
  const folder = path.join(ROOT, "examples");
  return (
    fs
      .readdirSync(folder, { withFileTypes: true })
      // Patterns of policies are no guardrails folders: see test/unit/policy-patterns.test.ts.
      .filter((entry) => entry.isDirectory() && entry.name !== "policies")
      .map(({ name }) => name)
  );
}
