/** Opens the store this process is to run on, and proves which of its former users are gone. */
import { sqliteStore } from "../adapters/store/sqlite/index.ts";
import type { Configuration, Issue } from "../config/configuration.ts";
import { Neighbours } from "../gateway/neighbours.ts";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import type { HolderId, Store } from "../ports/store.ts";
import { isGone, type Machine } from "./machine.ts";
import { ownKey } from "./secrets.ts";

/** The guardrails folder does not hold: everything that is wrong with it, all at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly issues: readonly Issue[];
  /** Of Git, where the folder is kept there. */
  readonly commit: string | null;

  constructor(issues: readonly Issue[], commit: string | null = null) {
    const [first] = issues;
    const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
    super(`${first?.file}: ${first?.path}: got ${first?.got}, expected ${first?.expected}${more}`);
    this.issues = issues;
    this.commit = commit;
  }
}

export interface OpenedStore {
  readonly store: Store;
  readonly kind: "embedded" | "postgres";
  /** 32 bytes in hex. */
  readonly key: string;
}

export async function openStore(
  configuration: Configuration,
  options: { readonly dataFolder: string; readonly storeUrl: string | null; readonly clock: Clock },
): Promise<OpenedStore> {
  const url = options.storeUrl ?? configuration.store.url;
  const { clock, dataFolder } = options;
  if (url === null || url === "embedded") {
    const key = configuration.encryptionKey ?? (await ownKey(dataFolder));
    return { store: await sqliteStore({ folder: dataFolder, clock }), kind: "embedded", key };
  }
  const key = configuration.encryptionKey;
  if (key === null) throw new ConfigError([KEY_MISSING]);
  const { postgresStore } = await import("../adapters/store/postgres/index.ts");
  return { store: await postgresStore({ url, clock }), kind: "postgres", key };
}

const KEY_MISSING: Issue = {
  file: "slipclutch.yaml",
  line: null,
  path: "encryption_key",
  got: "nothing",
  expected: "32 bytes in hex or base64, because gateways on one PostgreSQL share it",
  hint: "Make one with: openssl rand -hex 32, and name it: encryption_key: $" + "{SLIPCLUTCH_KEY}",
};

/**
 * Fences every live holder whose process is proven gone; the embedded store's lock proves all of
 * them.
 */
export async function fenceGone({ kind, store }: OpenedStore, machine: Machine): Promise<void> {
  for (const holder of await store.holders.list()) {
    if (holder.state !== "live") continue;
    if (kind !== "embedded" && !isGone(holder, machine)) continue;
    await store.holders.fence(holder.id, null);
  }
}

const LOOK_MS: Millis = 1_000;

/**
 * Live holders that run another configuration keep this process from registering. Where none of
 * them beats any more, all of them died before the folder changed, and nobody is left to fence
 * them. A single beat is proof of life: then registering says who runs what, at once.
 */
export async function fenceSilent(
  { holders }: Store,
  { digest, store: { expiryMs } }: Configuration,
  clock: Clock,
): Promise<void> {
  const neighbours = new Neighbours(expiryMs, clock);
  const beats = new Map<HolderId, number>();
  for (let waitedMs = 0; waitedMs <= expiryMs + 2 * LOOK_MS; waitedMs += LOOK_MS) {
    const rows = await holders.list();
    const others = rows.filter((row) => row.state === "live" && row.configuration !== digest);
    if (others.some(({ beatNo, id }) => beatNo !== (beats.get(id) ?? beatNo))) break;
    for (const { beatNo, id } of others) beats.set(id, beatNo);
    let fenced = 0;
    await neighbours.watch(others, "", async (id, seen) => {
      await holders.fence(id, seen);
      fenced += 1;
    });
    if (fenced === others.length) break;
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
}
