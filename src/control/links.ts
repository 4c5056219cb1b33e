/**
 * Links in notices. A link names a review, and never a person: it leads to the review's page, where
 * signing in is still asked for. Its signature keeps what was not sent by us from looking like it.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Env, Hono } from "hono";
import type { Millis } from "../guards/money.ts";
import type { Link } from "../guards/notice/notice.ts";
import type { Clock } from "../ports/clock.ts";
import { Problem } from "./problem.ts";

const KEY_BYTES = 32;
/** Names the purpose, so that what else is derived from the encryption key has another key. */
const KEY_PURPOSE = "slipclutch review links v1";
/** Longer than anybody leaves an agent waiting. */
export const LINK_MS: Millis = 7 * 24 * 3_600_000;
const MS_PER_SECOND = 1_000;

export class ReviewLinks {
  readonly #key: Uint8Array;
  readonly #clock: Clock;

  /** `encryptionKey`: 32 bytes in hex. All gateways of a store have the same. */
  constructor(encryptionKey: string, clock: Clock) {
    const secret = Buffer.from(encryptionKey, "hex");
    this.#key = new Uint8Array(hkdfSync("sha256", secret, "", KEY_PURPOSE, KEY_BYTES));
    this.#clock = clock;
  }

  /** `base`: where people reach the control listener. */
  to(review: string, base: string): Link {
    const expires = Math.floor((this.#clock.wall() + LINK_MS) / MS_PER_SECOND);
    const signature = this.#signature(review, String(expires)).toString("base64url");
    const url = `${base}/r/${encodeURIComponent(review)}?expires=${expires}&signature=${signature}`;
    return { url, expiresAt: expires * MS_PER_SECOND };
  }

  /** Whether it was made here, and how it stands. */
  check(review: string, expires: string, signature: string): "right" | "wrong" | "expired" {
    const given = Buffer.from(signature, "base64url");
    const own = this.#signature(review, expires);
    if (given.length !== own.length || !timingSafeEqual(given, own)) return "wrong";
    return Number(expires) * MS_PER_SECOND <= this.#clock.wall() ? "expired" : "right";
  }

  #signature(review: string, expires: string): Buffer {
    return createHmac("sha256", this.#key)
      .update(JSON.stringify([review, expires]))
      .digest();
  }
}

/** `GET /r/:id`: to the review's page, beside wherever this path is served. */
export function addLinks<Known extends Env>(app: Hono<Known>, links: ReviewLinks): void {
  app.get("/r/:id", (context) => {
    const id = context.req.param("id");
    const { expires = "", signature = "" } = context.req.query();
    const found = links.check(id, expires, signature);
    if (found === "expired") {
      throw new Problem("link.invalid", "The link has expired.");
    }
    if (found === "wrong") {
      throw new Problem("link.invalid", "The link is not one that this gateway made.");
    }
    return context.redirect(`../reviews/${encodeURIComponent(id)}`, 302);
  });
}
