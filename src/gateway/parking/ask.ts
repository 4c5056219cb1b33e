/**
 * `GET /guard/v1/parked/<id>`: how a parked call stands, for an agent that was told to come again.
 */
import type { Millis } from "../../guards/money.ts";
import { deny } from "../../guards/verdict.ts";
import type { Parked } from "../../ports/store.ts";
import { type Incoming, originOf } from "../call.ts";
import { HttpClient } from "../client.ts";
import type { Gateway } from "../gateway.ts";
import { refuse } from "../refuse.ts";

/** Proxies cut a silent connection after a minute, some after half of it. */
const WAIT_MS: Millis = 25_000;
const LOOK_MS: Millis = 1_000;

/** Answers at once if it no longer waits, else as soon as it does not, or after 25 s. */
export async function parkedCall(id: string, incoming: Incoming, gateway: Gateway): Promise<void> {
  const { clock, lot } = gateway;
  const until = clock.monotonic() + WAIT_MS;
  const client = new HttpClient(incoming.response, incoming.headers);
  const sleeper = lot.sleeper();
  client.onGone(() => sleeper.wake());
  for (;;) {
    const row = await findParked(id, incoming, gateway);
    if (row === null) {
      const denial = deny("request.unknown-path", {
        asked: `/guard/v1/parked/${id.slice(0, 100)}`,
      });
      return refuse({ denial, origin: originOf(incoming), asked: null }, [], incoming, gateway);
    }
    const left = until - clock.monotonic();
    if (client.isGone()) return;
    if (row.state !== "parked" || left <= 0 || lot.isReleased) return send(row, incoming);
    await sleeper.sleep(Math.min(left, LOOK_MS));
  }
}

/** Of this agent, and of its own task where the key is for one. */
export async function findParked(
  id: string,
  incoming: Incoming,
  gateway: Gateway,
): Promise<Parked | null> {
  const { key, manifest } = incoming;
  const [row] = await gateway.store.parking.list({ call: id, agent: manifest.agent, limit: 1 });
  if (row === undefined) return null;
  return key.holder.kind === "task" && key.holder.task !== row.task ? null : row;
}

function send(row: Parked, { decision, response }: Incoming): void {
  if (response.destroyed) return;
  const { call, message, review, state, task } = row;
  const text = JSON.stringify({ id: call, state, task, review, message });
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "x-slipclutch-decision": decision,
  });
  response.end(text);
}
