/** A gateway inside the program of an agent: reached from this machine alone, by one key. */
import { createHash, createHmac } from "node:crypto";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { hashToken } from "../gateway/keys.ts";

/** Where both listeners are: what a program starts for itself is nobody else's to reach. */
export const LOOPBACK = { host: "127.0.0.1", port: 0 } as const;

const SECRET_CHARS = 48;
const ID_CHARS = 16;

/** The program cannot have a key of that agent; the message says what to do. */
export class NoKeyInProcess extends Error {
  override readonly name = "NoKeyInProcess";
}

/**
 * The key by which the program calls. It follows from the key of the store, so that after a
 * restart it is the same one: calls that wait for a person belong to the key that sent them.
 */
export async function keyInProcess(
  agent: string,
  storeKey: string,
  gateway: Gateway,
): Promise<string> {
  const { agents } = gateway.rules.configuration;
  if (!agents.has(agent)) {
    const known = [...agents.keys()].join(", ");
    throw new NoKeyInProcess(`No agent ${agent} has a manifest in the folder; there are: ${known}`);
  }
  const secret = `sck_${derived(`slipclutch in-process key\0${agent}`, storeKey)}`;
  const hash = hashToken(secret);
  const known = await gateway.store.registry.keyByHash(hash);
  if (known === null) await register(agent, hash, gateway);
  else if (known.revokedAt !== null) {
    const way = "Start a gateway of its own, make a key there, and give createGuard both.";
    throw new NoKeyInProcess(
      `The key of ${agent} for this program (${known.id}) was revoked. ${way}`,
    );
  }
  return secret;
}

async function register(agent: string, hash: string, gateway: Gateway): Promise<void> {
  const { clock, holding, keys, store } = gateway;
  const id = `key_${createHash("sha256").update(hash).digest("hex").slice(0, ID_CHARS)}`;
  const times = { createdAt: clock.wall(), expiresAt: null, revokedAt: null };
  await store.registry.createKey({ id, hash, holder: { kind: "agent", agent }, ...times });
  await keys.load();
  emit(gateway, holding.tenure, { kind: "key.created", key: id, holder: agent, by: "createGuard" });
}

function derived(purpose: string, storeKey: string): string {
  const bytes = createHmac("sha256", storeKey).update(purpose).digest("hex");
  return bytes.slice(0, SECRET_CHARS);
}
