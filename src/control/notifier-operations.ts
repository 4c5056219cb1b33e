/** What the control plane asks of a running gateway about notifiers. */
import type { Route } from "../guards/notice/route.ts";
import type { Delivery } from "../ports/notifier.ts";
import type { NoticeCounts } from "../ports/store.ts";

export interface NotifierState extends NoticeCounts {
  readonly kind: string;
  /** Scheme and host: the rest of the address may be a secret. */
  readonly to: string;
  readonly route: Route;
}

export interface NotifierOperations {
  /** In the order of the configuration. */
  notifiers(): Promise<readonly NotifierState[]>;
  /** Sends one now, whatever waits. Null: there is no such notifier. */
  testNotifier(name: string, by: string): Promise<Delivery | null>;
}
