import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import { ToolServerUnreachable } from "../../ports/tool-server.ts";

/** What other servers offer does not wait longer for what one does; as long as a call does. */
export const LIST_WAIT_MS_MAX: Millis = 10_000;

/** What a server offers, if it says so in time. What comes later is there for who asks then. */
export function listInTime<Item>(
  server: { list(): Promise<readonly Item[]> },
  clock: Clock,
): Promise<readonly Item[]> {
  return new Promise((resolve, reject) => {
    const stopTimer = clock.after(LIST_WAIT_MS_MAX, () => {
      reject(new ToolServerUnreachable(`no list within ${LIST_WAIT_MS_MAX} ms`));
    });
    server.list().finally(stopTimer).then(resolve, reject);
  });
}
