/** Routes: keys and tasks. */
import type { KeyWanted } from "../operations.ts";
import { Problem } from "../problem.ts";
import { KEYS_QUERY, keysQuery, parsed, TASKS_QUERY, tasksQuery } from "../queries.ts";
import { KEY_BODY } from "../requests.ts";
import { list } from "../schemas/parts.ts";
import { KEY, MADE_KEY, type MadeKeyView, REVOKED, TASK, TASK_ENDED } from "../schemas/people.ts";
import { keyView, taskView } from "../views.ts";
import { bodyOf, param, type Route, type Visit } from "./route.ts";

async function listKeys({ context, operations }: Visit): Promise<Response> {
  const keys = await operations.keys(keysQuery(context.req.query()));
  return context.json(keys.map(keyView));
}

async function createKey({ context, operations, operator }: Visit): Promise<Response> {
  const body = parsed(KEY_BODY, await bodyOf(context));
  const expiresInMs = body.expires_in ?? null;
  const wanted: KeyWanted =
    "agent" in body
      ? { kind: "agent", agent: body.agent, expiresInMs }
      : { kind: "operator", name: body.operator, role: body.role, expiresInMs };
  const made = await operations.createKey(wanted, operator.name);
  if (made.kind === "no-agent") {
    const known = made.agents.join(", ");
    throw new Problem("agent.unknown", `There is no such agent. There are: ${known}.`);
  }
  const view: MadeKeyView = { key: made.secret, ...keyView(made.key) };
  return context.json(view, 201);
}

async function revokeKey({ context, operations, operator }: Visit): Promise<Response> {
  const id = param(context, "id");
  const revoked = await operations.revokeKey(id, operator.name);
  if (!revoked) throw new Problem("key.unknown", `There is no key ${id} that is not revoked.`);
  return context.json({ id, revoked: true });
}

async function listTasks({ context, operations }: Visit): Promise<Response> {
  const tasks = await operations.tasks(tasksQuery(context.req.query()));
  return context.json(tasks.map(taskView));
}

async function endTask({ context, operations, operator }: Visit): Promise<Response> {
  const agent = param(context, "agent");
  const task = param(context, "id");
  const ended = await operations.endTask(agent, task, operator.name);
  if (!ended) throw new Problem("task.unknown", `${agent} has no task ${task} that is alive.`);
  return context.json({ agent, task, outcome: "failed" });
}

export const PEOPLE_ROUTES: readonly Route[] = [
  {
    ...{ method: "GET", path: "/api/v1/keys", role: "viewer", name: "listKeys" },
    says: "Keys and tokens, without their secrets.",
    query: KEYS_QUERY,
    content: { schema: list(KEY) },
    answer: listKeys,
  },
  {
    ...{ method: "POST", path: "/api/v1/keys", role: "admin", name: "createKey" },
    says: "Makes a key for an agent, or a token for an operator, and shows its secret once.",
    body: KEY_BODY,
    status: 201,
    content: { schema: MADE_KEY },
    problems: ["agent.unknown"],
    answer: createKey,
  },
  {
    ...{ method: "DELETE", path: "/api/v1/keys/:id", role: "admin", name: "revokeKey" },
    says: "Ends a key at once.",
    content: { schema: REVOKED },
    problems: ["key.unknown"],
    answer: revokeKey,
  },
  {
    ...{ method: "GET", path: "/api/v1/tasks", role: "viewer", name: "listTasks" },
    says: "Tasks, those that are alive unless it is said.",
    query: TASKS_QUERY,
    content: { schema: list(TASK) },
    answer: listTasks,
  },
  {
    ...{ method: "POST", path: "/api/v1/tasks/:agent/:id/end", role: "operator", name: "endTask" },
    says: "Ends a task as failed: its calls are refused.",
    content: { schema: TASK_ENDED },
    problems: ["task.unknown"],
    answer: endTask,
  },
];
