/**
 * The tasks extension of MCP 2026-07-28: a server may answer a call by the handle of a task, if the
 * client says that it knows such handles, and is asked from time to time how the task stands.
 */
import { isObject, type JsonObject } from "./json.ts";
import type { RpcRequest } from "./json-rpc.ts";
import { STATELESS_META } from "./mcp-stateless.ts";

export const TASKS_EXTENSION = "io.modelcontextprotocol/tasks";

export const TASK_METHODS: ReadonlySet<string> = new Set([
  "tasks/get",
  "tasks/update",
  "tasks/cancel",
]);

/** What a client lacks that asks for a task and does not say that it knows tasks. */
export const MISSING_CAPABILITY = -32_021;

/** Whether the client of this request knows handles of tasks. */
export function knowsTasks({ params }: RpcRequest): boolean {
  const { _meta: meta } = params;
  const capabilities = isObject(meta) ? meta[STATELESS_META.capabilities] : null;
  const extensions = isObject(capabilities) ? capabilities.extensions : null;
  return isObject(extensions) && isObject(extensions[TASKS_EXTENSION]);
}

/** What is told of a task that has not ended, and is a part of what is told of one that has. */
export interface TaskState {
  readonly taskId: string;
  readonly statusMessage: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
}

/** As often as anybody need ask: a person decides. */
const POLL_MS = 5_000;

/** Nobody knows beforehand how long a task is waited for and kept. */
const NO_END = null;

export function workingTask(state: TaskState): JsonObject {
  return { ...state, status: "working", ttlMs: NO_END, pollIntervalMs: POLL_MS };
}

/** Also of a call that failed: its result says so. */
export function completedTask(state: TaskState, result: JsonObject): JsonObject {
  return { ...workingTask(state), status: "completed", result };
}
