/**
 * What Git hosts tell: that something was pushed. There is no operator behind it, so it is believed
 * by its signature alone, and nothing of what it says is used: it only makes the gateway look.
 */
import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { Env, Hono } from "hono";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import { Problem } from "./problem.ts";
import { readBytes } from "./requests.ts";

export interface Hook {
  /** What the host was given as its secret. */
  readonly secret: string;
  pushed(): void;
}

/** A push that names a few thousand files. */
const HOOK_BYTES_MAX = 5 * 1024 * 1024;
/** Read in one window, whoever sends them: a body is only looked at to check its signature. */
export const HOOKS_MAX = 60;
const HOOK_WINDOW_MS: Millis = 60_000;

export function addHook<Known extends Env>(
  app: Hono<Known>,
  { pushed, secret }: Hook,
  clock: Clock,
): void {
  const window = { since: Number.NEGATIVE_INFINITY, count: 0 };
  app.post("/hooks/git", async (context) => {
    bound(window, clock.monotonic());
    const body = await readBytes(context.req.raw.body, HOOK_BYTES_MAX);
    const isSigned = hasSignature(body, context.req.header("x-hub-signature-256"), secret);
    const isNamed = hasToken(context.req.header("x-gitlab-token"), secret);
    if (!isSigned && !isNamed) {
      throw new Problem("hook.unsigned", "The signature is missing, or is not by our secret.");
    }
    pushed();
    return context.json({ ok: true }, 202);
  });
}

function bound(window: { since: Millis; count: number }, now: Millis): void {
  if (now - window.since >= HOOK_WINDOW_MS) Object.assign(window, { since: now, count: 0 });
  window.count += 1;
  if (window.count <= HOOKS_MAX) return;
  const retryAfterSeconds = Math.ceil((window.since + HOOK_WINDOW_MS - now) / 1_000);
  const message = `More than ${HOOKS_MAX} came within a minute.`;
  throw new Problem("hook.too-many", message, { retryAfterSeconds });
}

/** GitHub, Gitea and others: an HMAC of the body as it came. */
function hasSignature(body: Uint8Array, header: string | undefined, secret: string): boolean {
  const given = /^sha256=([0-9a-f]{64})$/i.exec(header ?? "")?.[1];
  if (given === undefined) return false;
  const own = createHmac("sha256", secret).update(body).digest();
  return timingSafeEqual(Buffer.from(given, "hex"), own);
}

/** GitLab: the secret itself. Digests are compared, which are equally long. */
function hasToken(given: string | undefined, secret: string): boolean {
  if (given === undefined) return false;
  return timingSafeEqual(hash("sha256", given, "buffer"), hash("sha256", secret, "buffer"));
}
