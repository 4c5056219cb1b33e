/** What went wrong while a call was decided is its refusal. */
import { type Denial, deny } from "../guards/verdict.ts";
import { StoreUnreachable } from "../ports/store.ts";
import type { Gateway } from "./gateway.ts";

const RETRY_MS = 1_000;

/** To the log and the error counter, never to the caller. */
export function unsure(error: unknown, { log, metrics }: Pick<Gateway, "log" | "metrics">): Denial {
  if (error instanceof StoreUnreachable) {
    log.warn("a call was refused: the store did not answer", { error });
    return deny("store.unreachable", {}, RETRY_MS);
  }
  metrics.error("decide");
  log.error("a call was refused: deciding failed", { error });
  return deny("gateway.unsure", {});
}
