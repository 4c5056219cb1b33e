/** Who may import whom, as data, and the rules that read it. */
import path from "node:path";
import { type Finding, finding, type Import, importsOf, type Source } from "./source.ts";

interface Zone {
  /** Zones it may import from, beside itself. */
  readonly values: readonly string[];
  /** Zones of which it may import types only. */
  readonly types?: readonly string[];
  /** npm packages; for adapters see ADAPTER_PACKAGES. */
  readonly packages?: readonly string[];
  /** Whether Node's own modules may be imported: no for what is pure. */
  readonly node: boolean;
}

export const ZONES: Readonly<Record<string, Zone>> = {
  guards: { values: [], node: false },
  rego: { values: [], node: false },
  wire: { values: ["guards"], node: false },
  ports: { values: [], types: ["guards", "wire"], node: false },
  config: {
    values: ["guards", "rego"],
    types: ["ports"],
    packages: ["ajv", "yaml", "zod"],
    node: true,
  },
  telemetry: { values: ["guards", "ports"], types: ["config"], node: true },
  gateway: { values: ["guards", "wire", "ports", "telemetry"], types: ["config"], node: true },
  control: {
    values: ["guards", "ports", "config", "telemetry"],
    packages: ["hono", "@hono/node-server", "zod"],
    node: true,
  },
  adapters: { values: ["guards", "wire", "ports"], types: ["config"], node: true },
  testing: {
    values: ["guards", "wire", "ports", "fakes"],
    types: ["config"],
    packages: ["vitest", "fast-check"],
    node: true,
  },
  compose: {
    values: ["guards", "wire", "rego", "ports", "config", "telemetry", "gateway", "control"].concat(
      "adapters",
      "fakes",
    ),
    node: true,
  },
  demo: { values: ["guards", "wire", "fakes", "clock", "client"], types: ["ports"], node: true },
  sdk: { values: ["compose", "guards", "wire", "config"], node: true },
  cli: {
    values: ["compose", "sdk", "config", "guards", "rego", "client", "demo"],
    types: ["telemetry"],
    packages: ["commander"],
    node: true,
  },
  main: { values: ["cli"], node: true },
};

/** The drivers: each belongs to one adapter. */
const ADAPTER_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "notifier/over-http": ["undici"],
  "policy-engine/embedded": ["re2js", "yaml"],
  "policy-engine/opa": ["undici"],
  "provider/http": ["undici"],
  "store/postgres": ["pg"],
  "tool-server/http": ["undici"],
  "tool-server/mcp": ["undici"],
  "tool-server/over-http": ["undici"],
};

/**
 * No adapters themselves: what several adapters of one port would otherwise each have a copy of.
 * They may be imported by those of their port, and import no adapter.
 */
const COMMON = ["decision-sink/over-http", "notifier/over-http"].concat(
  "policy-engine/answers",
  "tool-server/over-http",
);

/** The adapters of this port hand the policy language what it needs from outside. */
const REGO_PORT = "policy-engine";

/**
 * Bundled whole at build time, so that what it imports is no dependency of the package: the rest
 * of its folder must not import them.
 */
const BUNDLED: Readonly<Record<string, readonly string[]>> = {
  "src/demo/agent.ts": ["openai", "@modelcontextprotocol/sdk"],
};

/** Adapters that stand in for the real thing, in tests and demos. */
const FAKES = ["provider/simulated", "store/memory"];

/** The machine's clock, for programs that are put together without `compose`. */
const CLOCK = "src/adapters/clock/system.ts";

/** The part of the control plane that asks a running gateway over its API. */
const CLIENT = "src/control/client.ts";

/** Zone of a path under `src/`, or null for what is not there. */
export function zoneOf(file: string): string | null {
  const [root, first] = file.split("/");
  if (root !== "src" || first === undefined) return null;
  return first.replace(/\.ts$/, "");
}

/** `<port>/<name>` of an adapter, which is a folder or a single file. */
function adapterOf(file: string): string | null {
  const [, zone, port, name] = file.split("/");
  if (zone !== "adapters" || name === undefined) return null;
  return `${port}/${name.replace(/\.ts$/, "")}`;
}

function portOf(adapter: string): string | undefined {
  return adapter.split("/")[0];
}

export function importRules(source: Source): readonly Finding[] {
  const name = zoneOf(source.path);
  if (name === null) return [];
  const zone = ZONES[name];
  if (zone === undefined) return [finding(source, 0, `src/${name} is not in the import table`)];
  return importsOf(source).flatMap((each) => {
    const why = refusal(source.path, zone, each);
    return why === null ? [] : [finding(source, each.at, why)];
  });
}

function refusal(file: string, zone: Zone, { specifier, kind }: Import): string | null {
  if (specifier.startsWith("node:")) {
    return zone.node ? null : `a pure zone imports ${specifier}`;
  }
  if (!specifier.startsWith(".")) return refusedPackage(file, zone, specifier);

  const target = resolve(file, specifier);
  const from = zoneOf(file) ?? "";
  const to = zoneOf(target);
  // The version stands there alone.
  if (target === "package.json") return null;
  if (to === null) return `${specifier} is outside src`;
  if (from === "adapters" && to === "adapters") {
    const [own, other] = [adapterOf(file) ?? "", adapterOf(target) ?? ""];
    const isCommon = COMMON.includes(other) && portOf(own) === portOf(other);
    return own === other || isCommon ? null : `an adapter imports another: ${target}`;
  }
  if (from === to) return null;

  const names = [to];
  if (to === "rego" && portOf(adapterOf(file) ?? "") === REGO_PORT) return null;
  if (FAKES.includes(adapterOf(target) ?? "")) names.push("fakes");
  if (target === CLOCK) names.push("clock");
  if (target === CLIENT) names.push("client");
  if (names.some((each) => zone.values.includes(each))) return null;
  if (!zone.types?.includes(to)) return `${from} may not import ${to}: ${target}`;
  return kind === "type" ? null : `${from} may import only types of ${to}: ${target}`;
}

function refusedPackage(file: string, zone: Zone, specifier: string): string | null {
  const parts = specifier.split("/");
  const name = parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const own = ADAPTER_PACKAGES[adapterOf(file) ?? ""] ?? BUNDLED[file] ?? [];
  const allowed = zone.packages ?? own;
  return allowed.includes(name) ? null : `${zoneOf(file)} may not import the package ${name}`;
}

/** What runs in a browser: a few packages, and of the control plane what its API answers. */
const DASHBOARD_PACKAGES = ["preact", "uplot"];
const API_TYPES = "src/control/schemas/";

export function dashboardImports(source: Source): readonly Finding[] {
  return importsOf(source).flatMap(({ at, kind, specifier }) => {
    const target = specifier.startsWith(".") ? resolve(source.path, specifier) : null;
    const [name = ""] = specifier.split("/");
    const own = target?.startsWith("dashboard/") ?? DASHBOARD_PACKAGES.includes(name);
    const isType = target?.startsWith(API_TYPES) && kind === "type";
    return own || isType ? [] : [finding(source, at, `the dashboard may not import ${specifier}`)];
  });
}

export function resolve(file: string, specifier: string): string {
  return path.posix.join(path.posix.dirname(file), specifier);
}

/** Modules that need each other, as the first path found: `a → b → a`. Types count too. */
export function cycles(sources: readonly Source[]): readonly string[] {
  const known = new Set(sources.map(({ path: each }) => each));
  const next = new Map(
    sources.map((source) => [
      source.path,
      importsOf(source)
        .filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier }) => resolve(source.path, specifier))
        .filter((target) => known.has(target)),
    ]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file);
    if (at >= 0) found.push([...trail.slice(at), file].join(" → "));
    if (at >= 0 || done.has(file)) return;
    for (const target of next.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const { path: file } of sources) visit(file, []);
  return found;
}
