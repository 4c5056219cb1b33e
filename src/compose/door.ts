/**
 * Who operators are: by their token, or by the cookie that a browser was given for one. A cookie is
 * sealed with the key that gateways of one store share, so that it holds at any of them and nothing
 * has to be kept; it says which token it was given for, and ends with that one.
 */
import type { Operations, Operator } from "../control/operations.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { hashToken, type Keys } from "../gateway/keys.ts";
import type { Millis } from "../guards/money.ts";

/** A person's working day: a browser that is left open asks again after it. */
export const SESSION_MS: Millis = 12 * 3_600_000;
/** What is sealed here cannot be opened as anything else: parked calls have other names. */
const PLACE = "operator session";

interface Door {
  readonly gateway: Pick<Gateway, "clock" | "seal"> & { readonly keys: Pick<Keys, "withHash"> };
  /** Hash of the token of this boot. */
  readonly bootToken: string;
}

/** What a cookie says. */
interface Sealed {
  /** What the store keeps of the token. */
  readonly hash: string;
  readonly until: Millis;
}

export function doorOf(door: Door): Pick<Operations, "authenticate" | "signIn" | "session"> {
  const { clock, seal } = door.gateway;
  return {
    authenticate: (token) => operatorOf(hashToken(token), door),
    signIn: async (token) => {
      const said = hashToken(token);
      const known = await operatorOf(said, door);
      if (known === null) return null;
      const until = earlier(clock.wall() + SESSION_MS, known.expiresAt);
      const sealed: Sealed = { hash: said, until };
      const cookie = Buffer.from(seal.close(PLACE, JSON.stringify(sealed))).toString("base64url");
      return { operator: { ...known, expiresAt: until }, cookie };
    },
    session: async (cookie) => {
      const said = opened(cookie, door);
      if (said === null || said.until <= clock.wall()) return null;
      const known = await operatorOf(said.hash, door);
      if (known === null) return null;
      return { ...known, expiresAt: earlier(said.until, known.expiresAt) };
    },
  };
}

async function operatorOf(digest: string, { bootToken, gateway }: Door): Promise<Operator | null> {
  if (digest === bootToken) return { name: "local", role: "admin", expiresAt: null };
  const key = await gateway.keys.withHash(digest);
  if (key === null || key === "busy" || key.holder.kind !== "operator") return null;
  return { name: key.holder.name, role: key.holder.role, expiresAt: key.expiresAt };
}

function earlier(until: Millis, other: Millis | null): Millis {
  return other === null ? until : Math.min(until, other);
}

function opened(cookie: string, { gateway }: Door): Sealed | null {
  try {
    // `as`: the seal says that we made it, and every version of ours made it like this.
    return JSON.parse(gateway.seal.open(PLACE, Buffer.from(cookie, "base64url"))) as Sealed;
  } catch {
    // Cut, changed, or of a store with another key: nobody's.
    return null;
  }
}
