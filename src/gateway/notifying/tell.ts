/** Writes down what people are to be told: of reviews whatever was not told yet, and alarms. */

import { noticesOf } from "../../guards/notice/derive.ts";
import type { NamedNotice } from "../../guards/notice/notice.ts";
import { isRouted } from "../../guards/notice/route.ts";
import type { NewNotice, Untold } from "../../ports/store.ts";
import type { Gateway } from "../gateway.ts";

/** Reviews in one second; the rest with the next. */
const REVIEWS_AT_ONCE = 200;

/**
 * From the rows of the reviews, so that a gateway that died right after a trip has lost nothing.
 * Several gateways may do it at once: what one wrote, the others find there. Rejects if the store
 * cannot be asked.
 */
export async function tellReviews(gateway: Gateway): Promise<void> {
  for (const untold of await gateway.store.notices.untold(REVIEWS_AT_ONCE)) {
    await tellReview(untold, gateway);
  }
}

async function tellReview({ review: id, told }: Untold, gateway: Gateway): Promise<void> {
  const { holding, rules, store } = gateway;
  const [review] = await store.clutch.reviews({ id, limit: 1 });
  if (review === undefined) return;
  const { expireAfterMs: approvalExpiresMs } = rules.configuration.approvals;
  const named = noticesOf(review, { told, now: holding.storeNow(), approvalExpiresMs });
  // Where nobody is to hear of it, it is told all the same: whom a later configuration adds hears
  // of what happens from then on.
  const notices = named.flatMap((one) => newNotices(one, gateway));
  await store.notices.tell(notices, { review: id, version: review.version });
}

/** Rejects if the store cannot be asked: what waits is offered again. */
export async function tellAlerts(gateway: Gateway): Promise<void> {
  const { alerts, log, store } = gateway;
  const dropped = alerts.takeDropped();
  if (dropped > 0) log.error("alarms were not told: too many waited for the store", { dropped });
  const waiting = alerts.waiting();
  if (waiting.length === 0) return;
  await store.notices.tell(
    waiting.flatMap((one) => newNotices(one, gateway)),
    null,
  );
  alerts.written(waiting.map(({ subject }) => subject));
}

/** One for each notifier that is to hear of it. */
function newNotices({ notice, subject }: NamedNotice, { rules }: Gateway): readonly NewNotice[] {
  const { agent, kind, review } = notice;
  const labels = rules.manifest(agent)?.labels ?? null;
  const body = JSON.stringify(notice);
  return rules.configuration.notifiers.flatMap(({ road, route }) => {
    if (!isRouted(route, { agent, kind, labels })) return [];
    return [{ notifier: road.name, subject, review: review?.id ?? "", body }];
  });
}
