import { createHmac } from "node:crypto";
import type { WebhookSettings } from "../../../config/configuration.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Delivery, Notifier } from "../../../ports/notifier.ts";
import { CLOUD_EVENT_TYPE, cloudEvent } from "../../../wire/cloud-event.ts";
import { Post, type Posted } from "../over-http/post.ts";
import { saidOf } from "../over-http/said.ts";

const MS_PER_SECOND = 1_000;
/**
 * What was read and is not wanted; more of the same would be no more wanted. All else may be a
 * proxy in between, or a receiver that is being set up, and is tried again.
 */
const REFUSED: ReadonlySet<number> = new Set([400, 410, 413, 415, 422]);
const FIRST_FAILURE = 300;
const FIRST_OK = 200;
/** Shorter ones stand in any text. */
const SECRET_CHARS_MIN = 8;

/** Posts signed CloudEvents to a program of the operator's. */
export function webhookNotifier(settings: WebhookSettings, clock: Clock): Notifier {
  const { headers, name, secrets, url } = settings;
  const post = new Post(url, clock);
  const { pathname, search } = new URL(url);
  const hidden = [url, pathname + search, ...secrets, ...Object.values(headers)].filter(
    (secret) => {
      return secret.length >= SECRET_CHARS_MIN;
    },
  );
  return {
    name,
    async deliver(message, timeoutMs) {
      const body = cloudEvent(message, name);
      const seconds = Math.floor(clock.wall() / MS_PER_SECOND);
      const signed = {
        ...headers,
        "content-type": CLOUD_EVENT_TYPE,
        "slipclutch-timestamp": String(seconds),
        "slipclutch-signature": signatures(secrets, `${seconds}.${body}`),
      };
      return deliveryOf(await post.send({ headers: signed, body }, timeoutMs), hidden);
    },
    close: () => post.close(),
  };
}

/** One for each secret: a receiver that has either finds its own. */
function signatures(secrets: readonly string[], signed: string): string {
  const digests = secrets.map((secret) =>
    createHmac("sha256", secret).update(signed).digest("hex"),
  );
  return digests.map((digest) => `v1=${digest}`).join(",");
}

function deliveryOf(posted: Posted, hidden: readonly string[]): Delivery {
  if (posted.kind === "fault") return { kind: "retry", because: posted.because, afterMs: null };
  const { retryAfterMs, status, text } = posted;
  const said = saidOf(status, text, hidden);
  if (status >= FIRST_OK && status < FIRST_FAILURE) return { kind: "ok", said };
  if (REFUSED.has(status)) return { kind: "refused", because: said };
  return { kind: "retry", because: said, afterMs: retryAfterMs };
}
