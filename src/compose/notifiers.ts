/** Telling people: what signs the links of notices, and how notifiers stand, for operators. */
import type { NotifierRoad } from "../config/configuration.ts";
import type { ReviewLinks } from "../control/links.ts";
import type { NotifierOperations } from "../control/notifier-operations.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { Notifying } from "../gateway/notifying/notifying.ts";

/** `listensAt`: the control listener's own address, where the configuration names no other. */
export function notifyingOf(
  gateway: Gateway,
  links: ReviewLinks,
  listensAt: () => string,
): Notifying {
  const base = () => gateway.rules.configuration.listeners.controlUrl ?? listensAt();
  return new Notifying(gateway, {
    review: (id) => links.to(id, base()),
    reviews: () => `${base()}/reviews`,
  });
}

export function notifierOperations(notifying: Notifying, gateway: Gateway): NotifierOperations {
  return {
    notifiers: async () => {
      const { notifiers } = gateway.rules.configuration;
      const counts = new Map((await notifying.counts()).map((one) => [one.notifier, one]));
      return notifiers.flatMap(({ road, route }) => {
        const counted = counts.get(road.name);
        if (counted === undefined) return [];
        return [{ ...counted, kind: road.kind, to: originOf(road), route }];
      });
    },
    testNotifier: (name, by) => notifying.test(name, by),
  };
}

function originOf(road: NotifierRoad): string {
  return new URL(road.kind === "slack" ? road.webhookUrl : road.url).origin;
}
