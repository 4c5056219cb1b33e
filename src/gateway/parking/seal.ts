/**
 * Encrypts what a parked call said and what it was answered: AES-256-GCM (NIST SP 800-38D), under a
 * key of its own that is derived from `encryption_key` (HKDF, RFC 5869). The call's id is sealed
 * in, so that no text can be read as another call's.
 */
import { createCipheriv, createDecipheriv, hash, hkdfSync } from "node:crypto";
import type { Chance } from "../../ports/clock.ts";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Names the layout: version, nonce, tag, text. */
const VERSION = 1;

export class Seal {
  readonly #key: Uint8Array;
  readonly #markKey: string;
  readonly #chance: Chance;

  /** `encryptionKey`: 32 bytes in hex. */
  constructor(encryptionKey: string, chance: Chance) {
    const secret = Buffer.from(encryptionKey, "hex");
    const keyFor = (what: string) =>
      new Uint8Array(hkdfSync("sha256", secret, "", what, KEY_BYTES));
    this.#key = keyFor("slipclutch parked calls");
    this.#markKey = Buffer.from(keyFor("slipclutch marks")).toString("hex");
    this.#chance = chance;
  }

  close(call: string, text: string): Uint8Array {
    const nonce = Buffer.from(this.#chance.hex(NONCE_BYTES), "hex");
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce).setAAD(Buffer.from(call));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), sealed]);
  }

  /**
   * Equal for equal texts; without the key nobody can try which text it is of. What is hashed with
   * the key has one length, so nothing can be appended to it.
   */
  mark(text: string): string {
    return hash("sha256", this.#markKey + hash("sha256", text), "base64url");
  }

  /** Throws on bytes that were not sealed for this call with this key. */
  open(call: string, sealed: Uint8Array): string {
    if (sealed[0] !== VERSION) throw new Error(`call ${call} was sealed in another way`);
    const nonceEnds = 1 + NONCE_BYTES;
    const tagEnds = nonceEnds + TAG_BYTES;
    const decipher = createDecipheriv(ALGORITHM, this.#key, sealed.subarray(1, nonceEnds), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(call)).setAuthTag(sealed.subarray(nonceEnds, tagEnds));
    const text = Buffer.concat([decipher.update(sealed.subarray(tagEnds)), decipher.final()]);
    return text.toString("utf8");
  }
}
