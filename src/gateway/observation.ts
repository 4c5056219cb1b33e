/** What agents that are observed can see and call beside their grants: what the servers have. */
import type { Manifest } from "../guards/manifest/manifest.ts";
import { isObserved, observed } from "../guards/manifest/observe.ts";
import type { Millis } from "../guards/money.ts";
import type { GrantedTool } from "../guards/tool/tool.ts";
import type { Clock } from "../ports/clock.ts";
import { type ToolServer, ToolServerUnreachable } from "../ports/tool-server.ts";
import type { Log } from "../telemetry/log.ts";
import type { Ruleset } from "./ruleset.ts";
import { listInTime } from "./tools/list-in-time.ts";

/** As long as a server's own list is kept. */
const FRESH_MS: Millis = 30_000;
/** Of one server: nobody learns a manifest of more. */
const TOOLS_MAX = 5_000;

interface Known {
  /** As the server lists them. */
  readonly names: readonly string[];
  readonly tools: readonly GrantedTool[];
  readonly at: Millis;
}

interface Merged {
  readonly parts: readonly (readonly GrantedTool[])[];
  readonly manifest: Manifest;
}

export class Observation {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #known = new WeakMap<Ruleset, Map<string, Known>>();
  readonly #asking = new WeakMap<ToolServer, Promise<Known>>();
  /** A call of an agent finds the manifest of the call before, with all that hangs on it. */
  readonly #merged = new WeakMap<Manifest, Merged>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** The manifest as it holds at this moment, `now` by the store's clock. */
  of(manifest: Manifest, rules: Ruleset, now: Millis): Manifest | Promise<Manifest> {
    if (manifest.observing || !isObserved(manifest, now)) return manifest;
    return this.#with(manifest, rules);
  }

  async #with(manifest: Manifest, rules: Ruleset): Promise<Manifest> {
    const only = manifest.observe?.servers ?? null;
    const servers = [...rules.configuration.toolServers.keys()];
    const wanted = servers.filter((name) => only === null || only.has(name));
    const parts = await Promise.all(wanted.map((name) => this.#toolsOf(name, rules)));
    const before = this.#merged.get(manifest);
    if (before !== undefined && isSame(before.parts, parts)) return before.manifest;
    const merged = { parts, manifest: observed(manifest, parts.flat()) };
    this.#merged.set(manifest, merged);
    return merged.manifest;
  }

  async #toolsOf(name: string, rules: Ruleset): Promise<readonly GrantedTool[]> {
    const all = this.#known.get(rules) ?? new Map<string, Known>();
    this.#known.set(rules, all);
    const known = all.get(name);
    const isFresh = known !== undefined && this.#clock.monotonic() - known.at < FRESH_MS;
    if (isFresh) return known.tools;
    const asked = this.#ask(name, known, rules).then((found) => {
      all.set(name, found);
      return found;
    });
    if (known === undefined) return (await asked).tools;
    // Only the first call waits: one that knows an older list does not stand behind its server.
    asked.catch((error: unknown) => {
      this.#log.error("the tools of a server could not be read again", {
        tool_server: name,
        error,
      });
    });
    return known.tools;
  }

  #ask(name: string, known: Known | undefined, rules: Ruleset): Promise<Known> {
    const server = rules.toolServer(name);
    if (server === null) return Promise.resolve(this.#declared(name, known, rules));
    const asking = this.#asking.get(server) ?? this.#list(server, known, rules);
    this.#asking.set(server, asking);
    return asking.finally(() => this.#asking.delete(server));
  }

  /** A tool server that is away has what it had. Anything else that fails is a bug, and is told. */
  async #list(server: ToolServer, known: Known | undefined, rules: Ruleset): Promise<Known> {
    try {
      const offered = await listInTime(server, this.#clock);
      return this.#compiled(
        server.name,
        offered.map((tool) => tool.name),
        rules,
        known,
      );
    } catch (error) {
      if (!(error instanceof ToolServerUnreachable)) throw error;
      const tool_server = server.name;
      this.#log.warn("what a tool server has could not be asked for observing", {
        ...{ tool_server, error },
      });
      const { names = [], tools = [] } = known ?? {};
      return { names, tools, at: this.#clock.monotonic() };
    }
  }

  /** What an agent runs itself is listed nowhere else. */
  #declared(name: string, known: Known | undefined, rules: Ruleset): Known {
    const { tools } = rules.configuration.toolServers.get(name) ?? { tools: new Map() };
    return this.#compiled(name, [...tools.keys()], rules, known);
  }

  #compiled(
    server: string,
    names: readonly string[],
    { configuration }: Ruleset,
    known: Known | undefined,
  ): Known {
    const at = this.#clock.monotonic();
    const all = names.slice(0, TOOLS_MAX);
    // The same list is the same tools: whatever hangs on them is not made anew.
    if (known !== undefined && isSame(known.names, all)) return { ...known, at };
    const tools = all.flatMap((tool) => configuration.ungranted({ server, tool }) ?? []);
    return { names: all, tools, at };
  }
}

function isSame<Part>(one: readonly Part[], other: readonly Part[]): boolean {
  return one.length === other.length && one.every((part, place) => part === other[place]);
}
