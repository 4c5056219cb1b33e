/**
 * The demo's agent as one file: the official clients are in it, so that the package depends on none
 * of them, and their licences lie beside it.
 */
import fs from "node:fs";
import path from "node:path";
import { type OutputChunk, rolldown } from "rolldown";

const ROOT = path.dirname(import.meta.dirname);
/** A module of a package: the innermost one, where packages have packages of their own. */
const PACKAGE = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;

export async function bundleAgent(into: string): Promise<void> {
  const bundle = await rolldown({
    cwd: ROOT,
    input: "src/demo/agent.ts",
    platform: "node",
    external: /^node:/,
    onLog: (level, log) => {
      // What it cannot find would be missed only when somebody runs the demo.
      if (level === "warn") throw new Error(log.message);
    },
  });
  const { output } = await bundle.write({
    file: path.join(into, "demo-agent.mjs"),
    format: "esm",
    codeSplitting: false,
    minify: true, // it is half as large, and is read in `src/demo`
  });
  await bundle.close();
  fs.writeFileSync(path.join(into, "demo-agent.licenses.txt"), licences(output[0]));
}

/** Of every package that has code in it. */
function licences({ moduleIds }: OutputChunk): string {
  const folders = new Map<string, string>();
  for (const id of moduleIds) {
    const [, folder, name] = PACKAGE.exec(id.split(path.sep).join("/")) ?? [];
    if (folder !== undefined && name !== undefined) folders.set(folder, name);
  }
  const sections = [...folders].sort().map(([folder, name]) => section(folder, name));
  return [INTRO, ...sections].join(RULE);
}

const INTRO = "demo-agent.mjs, which only `slipclutch demo` runs, has code of these packages.\n";
const RULE = `\n${"─".repeat(80)}\n\n`;

function section(folder: string, name: string): string {
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  const files = fs.readdirSync(folder).filter((each) => /^(licen[cs]e|notice)\b/i.test(each));
  if (files.length === 0) throw new Error(`${name} has no licence to go with its code.`);
  const texts = files.sort().map((each) => fs.readFileSync(path.join(folder, each), "utf8").trim());
  return `${name} ${version}\n\n${texts.join("\n\n")}\n`;
}
