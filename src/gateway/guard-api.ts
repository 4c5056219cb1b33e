/** What an agent can ask of the gateway itself: its budgets, its models, its tasks. */
import { hopeOf } from "../guards/budget/slice.ts";
import { inUnit } from "../guards/budget/unit.ts";
import { type Denial, deny, isDenial } from "../guards/verdict.ts";
import type { KeyRecord } from "../ports/store.ts";
import { parseObject } from "../wire/json.ts";
import type { Body } from "./body.ts";
import { type Incoming, originOf } from "./call.ts";
import { emit, type Gateway } from "./gateway.ts";
import { hashToken } from "./keys.ts";
import { refuse } from "./refuse.ts";
import { isTaskName, notATaskName } from "./task-name.ts";
import { taskKey } from "./tasks.ts";

const DEPTH_MAX = 4;
const TASK_ID_BYTES = 8;
const SECRET_BYTES = 24;

/** `GET /guard/v1/budgets`: what this agent and task may still spend. */
export async function budgets(incoming: Incoming, gateway: Gateway): Promise<void> {
  const seen = await budgetsOf(incoming, gateway);
  return isDenial(seen) ? refused(seen, incoming, gateway) : send(incoming, 200, seen);
}

/** What is told of the budgets on every road. */
export async function budgetsOf(
  incoming: Incoming,
  gateway: Gateway,
): Promise<Readonly<Record<string, unknown>> | Denial> {
  const { key, manifest, rules, taskName, tenure } = incoming;
  const lineage = await gateway.tasks.lineage(manifest, taskName);
  if (isDenial(lineage)) return lineage;
  const { org, team } = manifest.labels;
  const belongs = { org, team, agent: manifest.agent, key: key.id, model: null, tool: null };
  const scopes = lineage.map((task) => taskKey(task.agent, task.id));
  const specs = rules.accountsOf(belongs, scopes, gateway.holding.storeNow());
  const accounts = await gateway.cashier.accountsFor(tenure, specs);
  await gateway.flusher.flush(tenure);
  const ids = accounts.map(({ id }) => id);
  const states = await gateway.store.ledger.accounts({ ids, limit: ids.length });
  const rows = accounts.flatMap((account) => {
    const state = states.find(({ id }) => id === account.id);
    if (state === undefined) return [];
    const { reserved } = account.purse.slice;
    const { committed, limit, scope, spent, unit } = state;
    const remaining = hopeOf(state) - BigInt(reserved);
    return {
      name: state.budget,
      scope,
      unit,
      ...inUnit(unit, { limit, spent, reserved, committed, remaining }),
      window_ends_at: state.ends === null ? null : new Date(state.ends).toISOString(),
    };
  });
  return { agent: manifest.agent, task: taskName.id, budgets: rows };
}

/** `GET /v1/models`: the models that are named for this agent, in a shape both clients read. */
export async function models(incoming: Incoming): Promise<void> {
  const { manifest, rules } = incoming;
  const listed = [...rules.listed("openai-chat"), ...rules.listed("anthropic-messages")];
  const names = manifest.models === null ? listed : [...manifest.models.keys()];
  const data = [...new Set(names)].map((id) => ({
    id,
    object: "model",
    type: "model",
    display_name: id,
    created: 0,
    created_at: "1970-01-01T00:00:00Z",
    owned_by: "slipclutch",
  }));
  const edges = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
  send(incoming, 200, { object: "list", data, has_more: false, ...edges });
}

/** `POST /guard/v1/tasks {name?, parent?}` → `{task, key}`. */
export async function openTask(body: Body, incoming: Incoming, gateway: Gateway): Promise<void> {
  const asked = fields(body, ["name", "parent"]);
  if (isDenial(asked)) return refused(asked, incoming, gateway);
  const { key, manifest } = incoming;
  const bound = key.holder.kind === "task" ? key.holder.task : null;
  const name = asked.name ?? `t-${gateway.chance.hex(TASK_ID_BYTES)}`;
  if (!isTaskName(name)) return refused(notATaskName(name), incoming, gateway);
  // A key for one task can only open tasks under it: it must not widen itself.
  const parent = asked.parent ?? bound;
  if (bound !== null && parent !== bound) {
    const facts = { at: "parent", got: parent ?? "", expected: bound };
    return refused(deny("request.malformed", facts), incoming, gateway);
  }
  const task = await gateway.tasks.open(manifest, name, parent);
  if (isDenial(task)) return refused(task, incoming, gateway);
  const secret = `sck_${gateway.chance.hex(SECRET_BYTES)}`;
  const record: KeyRecord = {
    id: `key_${gateway.chance.hex(TASK_ID_BYTES)}`,
    hash: hashToken(secret),
    holder: { kind: "task", agent: manifest.agent, task: task.id },
    createdAt: gateway.clock.wall(),
    expiresAt: key.expiresAt,
    revokedAt: null,
  };
  await gateway.store.registry.createKey(record);
  const holder = `${manifest.agent} ${task.id}`;
  emit(gateway, incoming.tenure, { kind: "key.created", key: record.id, holder, by: key.id });
  send(incoming, 201, { task: task.id, parent: task.parent, key: secret });
}

/** `POST /guard/v1/tasks/<id>/end {"outcome": "ok" | "failed"}`. */
export async function endTask(
  id: string,
  body: Body,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> {
  const asked = fields(body, ["outcome"]);
  if (isDenial(asked)) return refused(asked, incoming, gateway);
  const { agent } = incoming.manifest;
  const { outcome } = asked;
  const { holder } = incoming.key;
  if (outcome !== "ok" && outcome !== "failed") {
    const facts = { at: "outcome", got: String(outcome), expected: '"ok" or "failed"' };
    return refused(deny("request.malformed", facts), incoming, gateway);
  }
  if (holder.kind === "task" && holder.task !== id) {
    return refused(
      deny("task.ended", { task: id, because: "not this key's task" }),
      incoming,
      gateway,
    );
  }
  if (!(await gateway.endTask(agent, id, outcome, incoming.key.id))) {
    const because = "no such task, or it had ended";
    return refused(deny("task.ended", { task: id, because }), incoming, gateway);
  }
  send(incoming, 200, { task: id, outcome });
}

/** The body's fields, all optional strings; anything else is refused by name. */
function fields<Name extends string>(
  body: Body,
  names: readonly Name[],
): Partial<Record<Name, string>> | Denial {
  const parsed = parseObject(body.text === "" ? "{}" : body.text, DEPTH_MAX);
  if (isDenial(parsed)) return parsed;
  const found: Partial<Record<Name, string>> = {};
  for (const [name, value] of Object.entries(parsed.root)) {
    const known = names.find((one) => one === name);
    if (known === undefined) {
      return deny("request.unknown-field", { unknown: name.slice(0, 40), known: names.join(", ") });
    }
    if (typeof value !== "string") {
      return deny("request.malformed", { at: known, got: typeof value, expected: "a string" });
    }
    found[known] = value;
  }
  return found;
}

function refused(denial: Denial, incoming: Incoming, gateway: Gateway): void {
  refuse({ denial, origin: originOf(incoming), asked: null }, [], incoming, gateway);
}

export function send(
  { decision, response, taskName }: Incoming,
  status: number,
  body: unknown,
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "x-slipclutch-decision": decision,
    "x-slipclutch-task": encodeURI(taskName.id),
  });
  response.end(text);
}
