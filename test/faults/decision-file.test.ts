/** The file of the decision log: turned over, full, cut off, in nobody else's sight. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import readline from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileSink } from "../../src/adapters/decision-sink/file/file-sink.ts";
import type { DecisionSink } from "../../src/ports/decision-log.ts";
import { decisionEvent } from "../../src/testing/decision-event.ts";

const LINE_BYTES = Buffer.byteLength(`${JSON.stringify(decisionEvent(0))}\n`);

let folder: string;
let path: string;
let sink: DecisionSink;

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "slipclutch-decision-file-"));
  path = join(folder, "decisions.jsonl");
  sink = fileSink(path);
});

afterEach(async () => {
  await sink.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const events = (...numbers: readonly number[]) => numbers.map((no) => decisionEvent(no));

/** Ids of its lines, each of which must be whole. */
function idsIn(file: string): readonly string[] {
  const lines = fs.readFileSync(file, "utf8").split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => JSON.parse(line).decision_id);
}

test("its owner alone reads it", async () => {
  await sink.send(events(0));
  expect(fs.statSync(path).mode & 0o777).toBe(0o600);
});

test("what is there already is appended to, and its mode is its owner's affair", async () => {
  fs.writeFileSync(path, '{"decision_id":"old"}\n', { mode: 0o640 });
  await sink.send(events(0));
  expect(idsIn(path)).toEqual(["old", "d-0"]);
  expect(fs.statSync(path).mode & 0o777).toBe(0o640);
});

test("moved away, removed or emptied, the next entries go where its name is", async () => {
  await sink.send(events(0));
  fs.renameSync(path, `${path}.1`);
  await sink.send(events(1));
  // `create` of logrotate: a new one is there already.
  fs.renameSync(path, `${path}.2`);
  fs.writeFileSync(path, "");
  await sink.send(events(2));
  fs.rmSync(path);
  await sink.send(events(3));
  expect([`${path}.1`, `${path}.2`, path].map(idsIn)).toEqual([["d-0"], ["d-1"], ["d-3"]]);
  // `copytruncate`.
  fs.truncateSync(path);
  await sink.send(events(4));
  expect(idsIn(path)).toEqual(["d-4"]);
});

test("without its folder it is rejected, and goes on once it is there", async () => {
  const inner = join(folder, "log");
  const far = fileSink(join(inner, "a.jsonl"));
  await expect(far.send(events(0))).rejects.toThrow("ENOENT");
  fs.mkdirSync(inner);
  await far.send(events(0));
  fs.renameSync(inner, `${inner}-away`);
  await expect(far.send(events(1))).rejects.toThrow("ENOENT");
  fs.renameSync(`${inner}-away`, inner);
  await far.send(events(1));
  expect(idsIn(join(inner, "a.jsonl"))).toEqual(["d-0", "d-1"]);
  await far.close();
});

test("what is no file is rejected, and nothing waits for its other end", async () => {
  fs.mkdirSync(path);
  await expect(sink.send(events(0))).rejects.toThrow("EISDIR");
  fs.rmdirSync(path);
  execFileSync("mkfifo", [path]);
  await expect(sink.send(events(0))).rejects.toThrow("no regular file");
});

test("half a line of one that was killed is ended, and all after it is whole", async () => {
  await sink.send(events(0));
  fs.appendFileSync(path, '{"decision_id":"d-');
  const next = fileSink(path);
  await next.send(events(1, 2));
  await next.close();
  const [first = "", half, ...rest] = fs.readFileSync(path, "utf8").split("\n");
  expect(JSON.parse(first).decision_id).toBe("d-0");
  expect(half).toBe('{"decision_id":"d-');
  expect(rest.slice(0, -1).map((line) => JSON.parse(line).decision_id)).toEqual(["d-1", "d-2"]);
});

test("several gateways may write to one file", async () => {
  const sinks = Array.from({ length: 4 }, () => fileSink(path));
  for (let no = 0; no < 50; no += 1) {
    await Promise.all(sinks.map((one, at) => one.send(events(no * 100 + at, no * 100 + 50 + at))));
  }
  expect(new Set(idsIn(path)).size).toBe(400);
  for (const one of sinks) await one.close();
});

test.skipIf(process.platform !== "linux")(
  "on a full disk nothing of a batch stays, and once there is room all of it is written",
  async () => {
    const { ask, child, end } = program(path, 8);
    expect(await ask(4)).toBe("taken");
    // A file of 8 KiB is all that it may write: the batch ends in the midst of a line.
    expect(8_192 % LINE_BYTES).toBeGreaterThan(0);
    for (let tries = 0; tries < 3; tries += 1) {
      expect(await ask(100)).toContain("EFBIG");
      expect(idsIn(path)).toEqual(["d-0", "d-1", "d-2", "d-3"]);
    }
    execFileSync("prlimit", ["--pid", String(child.pid), "--fsize=unlimited"]);
    expect(await ask(100)).toBe("taken");
    expect(idsIn(path)).toEqual(Array.from({ length: 104 }, (_, no) => `d-${no}`));
    await end();
  },
);

test.skipIf(process.platform !== "linux")(
  "killed while it writes, it leaves at most half a line",
  async () => {
    const { ask, child } = program(path, null);
    expect(await ask(10)).toBe("taken");
    void ask(50_000);
    while (fs.statSync(path).size < 20 * LINE_BYTES)
      await new Promise((next) => setImmediate(next));
    child.kill("SIGKILL");
    await once(child, "close");
    await sink.send(events(7));
    const lines = fs.readFileSync(path, "utf8").split("\n").slice(0, -1);
    const broken = lines.filter((line) => !line.endsWith("}") || !isJson(line));
    expect(broken.length).toBeLessThanOrEqual(1);
    expect(JSON.parse(lines.at(-1) ?? "").decision_id).toBe("d-7");
  },
);

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** A process that appends; `kilobytes`: the largest file that it may write. */
function program(file: string, kilobytes: number | null) {
  const script = join(import.meta.dirname, "..", "support", "decision-file-program.ts");
  const limit = kilobytes === null ? "" : `ulimit -S -f ${kilobytes}; `;
  const child: ChildProcess = spawn(
    "bash",
    ["-c", `${limit}exec "$0" "$@"`, process.execPath, script, file],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  if (child.stdout === null) throw new Error("no output");
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    ask: async (count: number): Promise<string> => {
      child.stdin?.write(`${count}\n`);
      return (await lines.next()).value ?? "";
    },
    end: async () => {
      child.stdin?.end();
      if (child.exitCode === null) await once(child, "close");
    },
  };
}
