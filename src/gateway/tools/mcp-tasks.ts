/**
 * Handles of tasks, by which a client of MCP follows a call that is parked: the handle is the
 * call's id, and all that is known of it is its row. So it lives as long as that, at every gateway.
 * Nobody else gets one: a call that is not parked is answered.
 */
import { type Denial, deny } from "../../guards/verdict.ts";
import { type Parked, StoreUnreachable } from "../../ports/store.ts";
import type { JsonObject } from "../../wire/json.ts";
import { RPC_CODES, type Unreadable } from "../../wire/json-rpc.ts";
import {
  completedTask,
  knowsTasks,
  MISSING_CAPABILITY,
  TASK_METHODS,
  TASKS_EXTENSION,
  type TaskState,
  workingTask,
} from "../../wire/mcp-tasks.ts";
import { type Incoming, originOf } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { answerOf } from "../parking/answer.ts";
import { findParked } from "../parking/ask.ts";
import { deniedBy, saidToHaveRun } from "../parking/look.ts";
import { refusedResult, toolResult } from "./mcp-desk.ts";
import { type Asked, invalid, protest, refuseAsError, resultText, send } from "./mcp-reply.ts";

const TASK_ID_CHARS_MAX = 200;

/** Null: this is none of these methods. */
export function serveTask(
  asked: Asked,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> | void | null {
  const { request, revision } = asked;
  if (revision !== "stateless" || !TASK_METHODS.has(request.method)) return null;
  if (!knowsTasks(request)) return lacksTasks(asked, incoming, gateway);
  return answerTask(asked, incoming, gateway);
}

function lacksTasks({ request }: Asked, incoming: Incoming, gateway: Gateway): void {
  const message = `${request.method} is for clients that declare ${TASKS_EXTENSION}`;
  const data = { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } };
  const fault = { kind: "unreadable", id: request.id, code: MISSING_CAPABILITY, message } as const;
  return protest({ ...fault, data }, 400, incoming, gateway);
}

async function answerTask(asked: Asked, incoming: Incoming, gateway: Gateway): Promise<void> {
  const { method, params } = asked.request;
  const { taskId } = params;
  const isId = typeof taskId === "string" && taskId !== "" && taskId.length <= TASK_ID_CHARS_MAX;
  if (!isId) return protest(invalid(asked, "params.taskId must be one"), 200, incoming, gateway);
  try {
    const row = await findParked(taskId, incoming, gateway);
    if (row === null) return unknownTask(asked, incoming, gateway);
    // A call that waits goes on whoever has left, and asks its client for nothing.
    const told = method === "tasks/get" ? await taskOf(row, incoming, gateway) : {};
    return send(incoming, 200, resultText(asked, told, gateway));
  } catch (error) {
    if (!(error instanceof StoreUnreachable)) throw error;
    gateway.log.warn("a task was asked for: the store did not answer", { error });
    return unreachable(asked, incoming, gateway);
  }
}

function unknownTask(asked: Asked, incoming: Incoming, gateway: Gateway): void {
  return protest(invalid(asked, "there is no such task"), 200, incoming, gateway);
}

function unreachable({ request }: Asked, incoming: Incoming, gateway: Gateway): void {
  const message = "The store cannot be reached: ask again.";
  const fault: Unreadable = {
    ...{ kind: "unreadable", id: request.id, code: RPC_CODES.internal, message },
  };
  const denial = deny("store.unreachable");
  return refuseAsError(fault, { status: 200, denial }, incoming, gateway);
}

async function taskOf(row: Parked, incoming: Incoming, gateway: Gateway): Promise<JsonObject> {
  const state = stateOf(row);
  if (row.state === "denied") {
    return completedTask(state, refusedResult(deniedBy(row), originOf(incoming)));
  }
  if (row.state !== "done") return workingTask(state);
  return completedTask(state, await resultOf(row, incoming, gateway));
}

function stateOf({ at, call, cause, letGoAt, state }: Parked): TaskState {
  const iso = (instant: number) => new Date(instant).toISOString();
  return {
    taskId: call,
    statusMessage: state === "parked" ? WAITS[cause] : SAYS[state],
    createdAt: iso(at),
    lastUpdatedAt: iso(letGoAt ?? at),
  };
}

const WAITS: Readonly<Record<Parked["cause"], string>> = {
  clutch: "The call waits for a person: its agent is paused.",
  approval: "The call waits for a person's approval.",
  budget: "The call waits until its budget has more.",
};

const SAYS: Readonly<Record<Exclude<Parked["state"], "parked">, string>> = {
  let_go: "The call has been let go.",
  claimed: "The call runs.",
  unknown: "Nobody knows whether the call ran: a person is to say it.",
  denied: "A person has denied the call.",
  done: "The call has ended.",
};

/** Of a call that is done a claim changes nothing, and has its answer. */
async function resultOf(row: Parked, incoming: Incoming, gateway: Gateway): Promise<JsonObject> {
  const { store } = gateway;
  const claimed = await store.parking.claim(incoming.tenure.id, row.call);
  if (claimed.kind === "fenced") throw new StoreUnreachable("this gateway was fenced");
  if (claimed.kind !== "done") throw new Error(`task ${row.call} was done and is ${claimed.kind}`);
  await had(row, incoming, gateway);
  const { answer, parked } = claimed;
  const origin = originOf(incoming);
  if (answer === null) return refusedResult(withoutAnswer(parked), origin);
  const kept = answerOf(gateway.seal.open(row.call, answer));
  switch (kept.kind) {
    case "result":
      return toolResult(kept.result);
    case "refused":
      return refusedResult(kept.denial, origin);
    case "model":
      return refusedResult(deny("gateway.unsure", { because: "it is no call of a tool" }), origin);
  }
}

/** Whoever calls the same again asks for another call: this one's answer has been told. */
async function had(row: Parked, { tenure }: Incoming, { store }: Gateway): Promise<void> {
  if (row.attached !== null) return;
  const { call, digest, key, task } = row;
  await store.parking.attach(tenure.id, { key, task, digest, by: `task ${call}` });
}

function withoutAnswer(parked: Parked): Denial {
  if (parked.message !== null) return saidToHaveRun(parked);
  const because = "its answer went to the same call, which was sent again";
  return deny("review.denied", { because, parked: parked.call });
}
