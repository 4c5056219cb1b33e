/**
 * `dist/`: our own code bundled, dependencies left outside. Commands and adapters become chunks of
 * their own, so that `--help` loads little. Run by our own Node: `node scripts/build.ts
 * [--if-stale]`.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { rolldown } from "rolldown";
import { buildDashboard } from "./dashboard.ts";
import { bundleAgent } from "./demo-agent.ts";

const ROOT = path.dirname(import.meta.dirname);
const DIST = path.join(ROOT, "dist");
const CACHE = path.join(ROOT, ".cache");
const STAMP = path.join(CACHE, "build-stamp");

/**
 * Output name → source. All lie flat in `dist/`: a worker, or a program of the demo, is found as a
 * sibling of who starts it.
 */
const ENTRIES = {
  main: "src/main.ts",
  "sqlite-worker": "src/adapters/store/sqlite/worker.ts",
  "demo-model": "src/demo/model.ts",
  "demo-tool-server": "src/demo/tool-server.ts",
  "demo-cloud": "src/demo/cloud.ts",
  sdk: "src/sdk/index.ts",
  testing: "src/testing/index.ts",
  client: "src/control/client.ts",
};

/** What programs import: these have types. Name → declaration, without its ending. */
const TYPED = { sdk: "sdk/index", testing: "testing/index", client: "control/client" };

/** What the result depends on. */
const INPUTS = [
  "src",
  "dashboard",
  "package.json",
  "package-lock.json",
  "scripts/build.ts",
  "scripts/dashboard.ts",
  "scripts/demo-agent.ts",
  "tsconfig.types.json",
];

/**
 * The executable. The compile cache lies beside the code: whoever may write there could as well
 * change the code. Where nothing can be written, Node goes on without it.
 */
const LAUNCHER = `#!/usr/bin/env node
import module from "node:module";
import { fileURLToPath } from "node:url";
module.enableCompileCache?.(fileURLToPath(new URL("compile-cache", import.meta.url)));
await import("./main.mjs");
`;

async function build(into: string): Promise<void> {
  const bundle = await rolldown({
    cwd: ROOT,
    input: ENTRIES,
    platform: "node",
    external: (id) => !id.startsWith(".") && !path.isAbsolute(id),
    onLog: (level, log) => {
      // A warning of the bundler is a mistake in a specifier or a cycle: neither may be shipped.
      if (level === "warn") throw new Error(log.message);
    },
  });
  await bundle.write({
    dir: into,
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
  });
  await bundle.close();
  fs.writeFileSync(path.join(into, "slipclutch.mjs"), LAUNCHER, { mode: 0o755 });
  await bundleAgent(into);
  await buildDashboard(into);
  declare(into);
}

/**
 * Types of what programs import: one declaration per source, with the specifiers that consumers
 * resolve.
 */
function declare(into: string): void {
  const types = path.join(into, "types");
  const tsc = path.join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const project = path.join(ROOT, "tsconfig.types.json");
  const { status } = spawnSync(process.execPath, [tsc, "-p", project, "--outDir", types], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error("The declarations could not be made.");
  const needed = new Set<string>();
  for (const file of Object.values(TYPED)) collect(path.join(types, `${file}.d.ts`), needed);
  for (const file of filesIn(types)) {
    if (!needed.has(file)) fs.rmSync(file);
    else fs.writeFileSync(file, fs.readFileSync(file, "utf8").replaceAll(SPECIFIER, "$1.js$2"));
  }
  for (const [name, file] of Object.entries(TYPED)) {
    fs.writeFileSync(path.join(into, `${name}.d.ts`), `export * from "./types/${file}.js";\n`);
  }
}

/** Of a source of ours, in a declaration. */
const SPECIFIER = /(["']\.{1,2}\/[^"']+)\.ts(["'])/g;

/**
 * The declarations that one needs. The compiler writes them for all that the code needs, and what
 * is inside is nobody's to import.
 */
function collect(file: string, needed: Set<string>): void {
  if (needed.has(file)) return;
  needed.add(file);
  for (const [, specifier = ""] of fs.readFileSync(file, "utf8").matchAll(SPECIFIER)) {
    collect(path.resolve(path.dirname(file), `${specifier.slice(1)}.d.ts`), needed);
  }
}

/** In one step, so that nobody ever runs half of an old and half of a new build. */
function replaceDist(built: string): void {
  const old = path.join(CACHE, `old-${process.pid}`);
  if (fs.existsSync(DIST)) fs.renameSync(DIST, old);
  fs.renameSync(built, DIST);
  fs.rmSync(old, { recursive: true, force: true });
}

function digest(): string {
  const hash = createHash("sha256");
  for (const file of INPUTS.flatMap((input) => filesIn(path.join(ROOT, input)))) {
    const bytes = fs.readFileSync(file);
    hash.update(`${path.relative(ROOT, file)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/** Files under a folder, or the file itself, in one order on every machine. */
function filesIn(start: string): string[] {
  if (fs.statSync(start).isFile()) return [start];
  return fs
    .readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

function isFresh(wanted: string): boolean {
  const there = fs.existsSync(STAMP) && fs.existsSync(path.join(DIST, "slipclutch.mjs"));
  return there && fs.readFileSync(STAMP, "utf8") === wanted;
}

const wanted = digest();
if (!process.argv.includes("--if-stale") || !isFresh(wanted)) {
  const startedAt = Date.now();
  const built = path.join(CACHE, `build-${process.pid}`);
  fs.mkdirSync(built, { recursive: true });
  try {
    await build(built);
    replaceDist(built);
    fs.writeFileSync(STAMP, wanted);
  } finally {
    fs.rmSync(built, { recursive: true, force: true });
  }
  process.stdout.write(`Built dist in ${Date.now() - startedAt} ms.\n`);
}
