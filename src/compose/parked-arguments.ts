/** What a tool call asks that waits: for whoever is about to change it. */
import type { ParkedArguments } from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { waitingRequest } from "../gateway/parking/edit.ts";

/** Null: no such tool call waits for this review. Who looked is in the journal. */
export async function parkedArguments(
  review: string,
  call: string,
  by: string,
  gateway: Gateway,
): Promise<ParkedArguments | null> {
  const { holding, store } = gateway;
  const [row] = await store.parking.list({ review, call, states: ["parked"], limit: 1 });
  const request = row === undefined ? null : await waitingRequest(row, gateway);
  if (row === undefined || request === null) return null;
  const { agent, task } = row;
  emit(gateway, holding.tenure, { kind: "call.shown", agent, task, call, review, by });
  const { server, tool, arguments: given } = request;
  return { call, task, server, tool, arguments: given };
}
