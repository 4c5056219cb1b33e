import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  type OfferedTool,
  type ToolServer,
  ToolServerUnreachable,
} from "../../ports/tool-server.ts";

/** The tools of the other servers do not wait longer for those of one; as long as a call does. */
export const LIST_WAIT_MS_MAX: Millis = 10_000;

/** What a server offers, if it says so in time. What comes later is there for who asks then. */
export function listInTime(
  server: Pick<ToolServer, "list">,
  clock: Clock,
): Promise<readonly OfferedTool[]> {
  return new Promise((resolve, reject) => {
    const stopTimer = clock.after(LIST_WAIT_MS_MAX, () => {
      reject(new ToolServerUnreachable(`no list within ${LIST_WAIT_MS_MAX} ms`));
    });
    server.list().finally(stopTimer).then(resolve, reject);
  });
}
