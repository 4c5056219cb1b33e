/** Notifiers as the control plane's API shows them: how they stand, and what a test came to. */
import type { Context } from "hono";
import type { Millis } from "../guards/money.ts";
import type { Delivery } from "../ports/notifier.ts";
import type { NotifierOperations, NotifierState } from "./notifier-operations.ts";
import { Problem } from "./problem.ts";
import { iso } from "./views.ts";

export interface NotifierView {
  readonly name: string;
  readonly kind: string;
  readonly to: string;
  readonly on: readonly string[];
  readonly agents: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Of the last seven days, as the next two. */
  readonly sent: number;
  readonly given_up: number;
  readonly pending: number;
  readonly last_sent_at: string | null;
  readonly last_error: { readonly at: string; readonly error: string } | null;
}

export interface TestedView {
  readonly name: string;
  readonly delivered: boolean;
  /** What the far end said, or why it said nothing. */
  readonly said: string;
}

function notifierView(state: NotifierState): NotifierView {
  const { givenUp, kind, lastError, lastSentAt, notifier, pending, route, sent, to } = state;
  const { agents, labels, on } = route;
  return {
    ...{ name: notifier, kind, to, on, agents, labels: { ...labels } },
    ...{ sent, given_up: givenUp, pending, last_sent_at: isoOrNull(lastSentAt) },
    last_error: lastError === null ? null : { at: iso(lastError.at), error: lastError.error },
  };
}

function isoOrNull(at: Millis | null): string | null {
  return at === null ? null : iso(at);
}

function testedView(name: string, delivery: Delivery | null): TestedView {
  if (delivery === null) throw new Problem("notifier.unknown", `There is no notifier ${name}.`);
  const delivered = delivery.kind === "ok";
  return { name, delivered, said: delivered ? delivery.said : delivery.because };
}

interface Visit {
  readonly context: Context;
  readonly operations: NotifierOperations;
  readonly operator: { readonly name: string };
}

async function listNotifiers({ context, operations }: Visit): Promise<Response> {
  return context.json((await operations.notifiers()).map(notifierView));
}

async function testNotifier({ context, operations, operator }: Visit): Promise<Response> {
  const name = context.req.param("name") ?? "";
  return context.json(testedView(name, await operations.testNotifier(name, operator.name)));
}

/** A part of `ROUTES`. */
export const NOTIFIER_ROUTES = [
  { method: "GET", path: "/api/v1/notifiers", role: "viewer", answer: listNotifiers },
  {
    method: "POST",
    path: "/api/v1/notifiers/:name/test",
    role: "operator",
    answer: testNotifier,
  },
] as const;
