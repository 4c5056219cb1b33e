/** The dashboard as files: bundled, with hashed names, and compressed once for all calls. */
import fs from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

const ROOT = path.dirname(import.meta.dirname);
const COMPRESSED = /\.(html|js|css|svg)$/;

export async function buildDashboard(into: string): Promise<void> {
  const folder = path.join(into, "dashboard");
  await build({
    root: path.join(ROOT, "dashboard"),
    configFile: false,
    logLevel: "warn",
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: "es2022",
      // A file inside a page would need a policy that allows such.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
  for (const file of filesOf(folder)) compress(file);
  fs.writeFileSync(path.join(folder, "licenses.txt"), licenses());
}

/** Packages whose code is in the bundle. */
const BUNDLED = ["preact", "uplot"];

function licenses(): string {
  const texts = BUNDLED.map((name) => {
    const text = fs.readFileSync(path.join(ROOT, "node_modules", name, "LICENSE"), "utf8");
    return `${name}\n\n${text.trim()}\n`;
  });
  return texts.join("\n\n");
}

function filesOf(folder: string): readonly string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => COMPRESSED.test(name))
    .map((name) => path.join(folder, name));
}

function compress(file: string): void {
  const bytes = fs.readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  fs.writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
  fs.writeFileSync(`${file}.gz`, gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }));
}
