/** A clean stop: refuse, drain, flush, give everything back, close. It forfeits nothing. */
import type { Server } from "node:http";
import { emit, type Gateway } from "../gateway/gateway.ts";
import type { Upkeep } from "../gateway/upkeep.ts";
import type { Millis } from "../guards/money.ts";

/** Streams get this long to finish; what is cut then is charged as it was reserved. */
const DRAIN_MS: Millis = 30_000;
const LOOK_MS: Millis = 50;
const CLOSE_ATTEMPTS = 3;

export async function drain(gateway: Gateway, server: Server, upkeep: Upkeep): Promise<void> {
  const { clock, flusher, holding, log, rates } = gateway;
  gateway.draining = true;
  gateway.lot.release();
  gateway.openDecisions.close();
  gateway.outbox.close();
  server.close();
  server.closeIdleConnections();
  const until = clock.monotonic() + DRAIN_MS;
  while (gateway.inFlight.size > 0 && clock.monotonic() < until) {
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
  server.closeAllConnections();
  await upkeep.stop();
  await gateway.inputs.stop();
  await gateway.transcripts.stop();
  // A heartbeat of a holder that is closed would be answered as one of a fenced holder, and
  // register.
  await holding.stop();

  const forfeited = gateway.inFlight.size > 0;
  emit(gateway, holding.tenure, { kind: "gateway.stopped", forfeited });
  holding.tenure.journal.seal();
  let closed = false;
  for (let attempt = 0; attempt < CLOSE_ATTEMPTS && !closed && !forfeited; attempt += 1) {
    await rates.giveAll(holding.tenure);
    closed = await flusher.close(holding.tenure);
  }
  for (const former of holding.former) await flusher.close(former);
  if (!closed) {
    await flusher.flush(holding.tenure);
    log.warn("stopped without closing the holder: what it held stays charged", { forfeited });
  }
}
