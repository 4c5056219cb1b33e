/**
 * A provider, or something before it, may send back the credentials it was sent: in an error that
 * repeats the request, or in a header. The agent must not get them.
 */
import type { HttpSettings } from "./http-settings.ts";

const MASK = "[redacted]";
/** Shorter ones are names that local servers want in place of a key, and stand in any text. */
const SECRET_CHARS_MIN = 8;
/** Headers of the operator that may be a credential; others are no secret. */
const SECRET_NAME = /key|token|secret|auth|cookie|credential|password/i;

/** What must not come back, the longest first: one may be a part of another. */
export function secretsOf({ apiKey, headers }: HttpSettings): readonly string[] {
  const values = Object.entries(headers).flatMap(([name, value]) => {
    // Without its scheme: `Bearer …` may come back with another one, or none.
    return SECRET_NAME.test(name) ? [value.split(" ").at(-1) ?? value] : [];
  });
  return [apiKey ?? "", ...values]
    .filter((secret) => secret.length >= SECRET_CHARS_MIN)
    .sort((one, two) => two.length - one.length);
}

export function holdsSecret(text: string, secrets: readonly string[]): boolean {
  for (const secret of secrets) if (text.includes(secret)) return true;
  return false;
}

export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((left, secret) => left.replaceAll(secret, MASK), text);
}

/** Takes the secrets out of a body that comes in pieces, wherever it is cut. */
export class Redaction {
  readonly #secrets: readonly Buffer[];
  /** The end of what came, in which a secret may have begun. */
  #held: Buffer = Buffer.alloc(0);

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets.map((secret) => Buffer.from(secret));
  }

  push(chunk: Uint8Array): Uint8Array {
    const bytes = Buffer.concat([this.#held, chunk]);
    const out: Uint8Array[] = [];
    let from = 0;
    for (let hit = this.#find(bytes, from); hit !== null; hit = this.#find(bytes, from)) {
      out.push(bytes.subarray(from, hit.at), Buffer.from(MASK));
      from = hit.at + hit.length;
    }
    const keep = Math.min(Math.max(this.#longest - 1, 0), bytes.length - from);
    this.#held = bytes.subarray(bytes.length - keep);
    out.push(bytes.subarray(from, bytes.length - keep));
    return Buffer.concat(out);
  }

  /** What is left at the end: too short to be a secret. */
  rest(): Uint8Array {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }

  get #longest(): number {
    return this.#secrets[0]?.length ?? 0;
  }

  #find(bytes: Buffer, from: number): { readonly at: number; readonly length: number } | null {
    let found: { at: number; length: number } | null = null;
    for (const secret of this.#secrets) {
      const at = bytes.indexOf(secret, from);
      if (at >= 0 && at < (found?.at ?? bytes.length)) found = { at, length: secret.length };
    }
    return found;
  }
}
