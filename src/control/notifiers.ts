/** Notifiers as the control plane's API shows them: how they stand, and what a test came to. */
import type { Millis } from "../guards/money.ts";
import type { Delivery } from "../ports/notifier.ts";
import type { NotifierState } from "./notifier-operations.ts";
import { Problem } from "./problem.ts";
import type { NotifierView, TestedView } from "./schemas/notifiers.ts";
import { iso } from "./views.ts";

export function notifierView(state: NotifierState): NotifierView {
  const { givenUp, kind, lastError, lastSentAt, notifier, pending, route, sent, to } = state;
  const { agents, labels, on } = route;
  return {
    ...{ name: notifier, kind, to, on, agents, labels: { ...labels } },
    ...{ sent, given_up: givenUp, pending, last_sent_at: isoOrNull(lastSentAt) },
    last_error: lastError === null ? null : { at: iso(lastError.at), error: lastError.error },
  };
}

function isoOrNull(at: Millis | null): string | null {
  return at === null ? null : iso(at);
}

export function testedView(name: string, delivery: Delivery | null): TestedView {
  if (delivery === null) throw new Problem("notifier.unknown", `There is no notifier ${name}.`);
  const delivered = delivery.kind === "ok";
  return { name, delivered, said: delivered ? delivery.said : delivery.because };
}
