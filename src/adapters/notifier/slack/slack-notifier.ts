import type { SlackSettings } from "../../../config/configuration.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Delivery, Notifier } from "../../../ports/notifier.ts";
import { slackMessage } from "../../../wire/slack-message.ts";
import { Post, type Posted } from "../over-http/post.ts";
import { saidOf } from "../over-http/said.ts";

/**
 * What Slack answers where a message or its address is wrong: `invalid_payload`, `no_text` 400,
 * `action_prohibited` 403, `no_service`, `channel_not_found` 404, `channel_is_archived` 410. It
 * asks that none of these be tried again.
 */
const REFUSED: ReadonlySet<number> = new Set([400, 403, 404, 410]);
const OK = 200;

/** Posts to one of Slack's incoming webhooks, which tells no copies apart. */
export function slackNotifier({ name, webhookUrl }: SlackSettings, clock: Clock): Notifier {
  const post = new Post(webhookUrl, clock);
  // Its path is the secret.
  const hidden = [webhookUrl, new URL(webhookUrl).pathname].filter((part) => part.length > 1);
  const headers = { "content-type": "application/json; charset=utf-8" };
  return {
    name,
    async deliver(message, timeoutMs) {
      const posted = await post.send({ headers, body: slackMessage(message) }, timeoutMs);
      return deliveryOf(posted, hidden);
    },
    close: () => post.close(),
  };
}

function deliveryOf(posted: Posted, hidden: readonly string[]): Delivery {
  if (posted.kind === "fault") return { kind: "retry", because: posted.because, afterMs: null };
  const { retryAfterMs, status, text } = posted;
  const said = saidOf(status, text, hidden);
  if (status === OK) return { kind: "ok", said };
  if (REFUSED.has(status)) return { kind: "refused", because: said };
  return { kind: "retry", because: said, afterMs: retryAfterMs };
}
