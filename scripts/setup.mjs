/**
 * Puts in place what the repository's own commands need, on a bare clone with an older Node: the
 * packages of the lockfile, and a Node of our own. Runs on any Node from 18 on, without packages.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * The first Node that has all that Slipclutch uses; where ours cannot be had, one from here on
 * serves.
 */
const OLDEST_SERVING = [22, 19];
const OWN_MAJOR = 24;

const MODULES = path.join(ROOT, "node_modules");
const WINDOWS = process.platform === "win32";
const OWN_NODE = path.join(MODULES, "node", "bin", WINDOWS ? "node.exe" : "node");

/** Everything in place; the answer is the environment in which to run the rest. */
export function setUp() {
  if (!installed()) {
    say("Installing packages (npm ci), about half a minute …");
    // Install scripts stay off: none of ours is needed, and newer npm versions hold them back
    // anyway.
    npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], ROOT);
  }
  const node = nodeToUse();
  const PATH = [path.dirname(node), path.join(MODULES, ".bin"), process.env.PATH ?? ""];
  return { node, env: { ...process.env, PATH: PATH.join(path.delimiter) } };
}

/** A line for the person who waits; standard output belongs to the command itself. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** One line and the end: what is wrong and what to do about it. */
export function giveUp(line) {
  say(`slipclutch: ${line}`);
  process.exit(1);
}

/** npm writes its own record last, so a broken or older installation shows as a difference. */
function installed() {
  const wanted = packagesOf(path.join(ROOT, "package-lock.json"));
  if (wanted === null) return giveUp("package-lock.json is missing: clone the repository again.");
  const present = packagesOf(path.join(MODULES, ".package-lock.json"));
  if (present === null) return false;
  return Object.entries(wanted).every(
    // Optional packages are those of other platforms.
    ([where, { version, optional }]) =>
      where === "" || optional || present[where]?.version === version,
  );
}

function packagesOf(file) {
  if (!fs.existsSync(file)) return null;
  return JSON.parse(fs.readFileSync(file, "utf8")).packages;
}

function nodeToUse() {
  if (works(OWN_NODE)) return OWN_NODE;
  placeOwnNode();
  if (works(OWN_NODE)) return OWN_NODE;

  const [major, minor] = process.versions.node.split(".").map(Number);
  const serves =
    major > OLDEST_SERVING[0] || (major === OLDEST_SERVING[0] && minor >= OLDEST_SERVING[1]);
  if (serves) return process.execPath;
  return giveUp(
    `no Node ${OWN_MAJOR} could be installed for ${process.platform}-${process.arch}, and this one is ` +
      `${process.versions.node}. Install Node ${OLDEST_SERVING.join(".")} or newer and try again.`,
  );
}

function works(node) {
  if (!fs.existsSync(node)) return false;
  const { status, stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
  return status === 0 && Number(stdout.slice(1).split(".")[0]) >= OWN_MAJOR;
}

/**
 * The package `node` fetches its binary in an install script. We fetch the same package of the same
 * version ourselves, and put it where the script would have.
 */
function placeOwnNode() {
  const { version } = JSON.parse(
    fs.readFileSync(path.join(MODULES, "node", "package.json"), "utf8"),
  );
  const system = WINDOWS ? "win" : process.platform;
  const prefix = `${system}-${process.arch}` === "darwin-arm64" ? "node-bin" : "node";
  const name = `${prefix}-${system}-${process.arch}`;
  const folder = path.join(ROOT, ".cache", "node");

  say(`Installing Node ${version} for the repository's own use …`);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "package.json"), '{"private":true}\n');
  const flags = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
  if (!npm(["install", ...flags, `${name}@${version}`], folder, "optional")) return;

  const binary = path.join(folder, "node_modules", name, "bin", path.basename(OWN_NODE));
  fs.mkdirSync(path.dirname(OWN_NODE), { recursive: true });
  fs.rmSync(OWN_NODE, { force: true });
  fs.copyFileSync(binary, OWN_NODE, fs.constants.COPYFILE_FICLONE);
  fs.chmodSync(OWN_NODE, 0o755);
  fs.rmSync(folder, { recursive: true, force: true });
  linkOnPath();
}

/** npm makes `.bin/node` only for a binary that is there at the time. */
function linkOnPath() {
  const link = path.join(MODULES, ".bin", "node");
  if (WINDOWS || fs.existsSync(link)) return;
  fs.rmSync(link, { force: true });
  fs.symlinkSync(path.join("..", "node", "bin", "node"), link);
}

function npm(parameters, cwd, need = "required") {
  // npm started by npm would take these over as its own settings.
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (/^npm_(package|lifecycle)_/.test(name)) delete env[name];
  const stdio = ["ignore", process.stderr, process.stderr];
  const { status, error } = spawnSync("npm", parameters, { cwd, env, stdio, shell: WINDOWS });
  if (status === 0) return true;
  if (need === "optional") return false;
  const why = error === undefined ? `ended with ${status}` : error.message;
  return giveUp(`npm ${parameters[0]} ${why}. The npm registry must be reachable the first time.`);
}
