/** Routes: whom people are told by. */
import { notifierView, testedView } from "../notifiers.ts";
import { NOTIFIER, TESTED } from "../schemas/notifiers.ts";
import { list } from "../schemas/parts.ts";
import { param, type Route, type Visit } from "./route.ts";

async function listNotifiers({ context, operations }: Visit): Promise<Response> {
  return context.json((await operations.notifiers()).map(notifierView));
}

async function testNotifier({ context, operations, operator }: Visit): Promise<Response> {
  const name = param(context, "name");
  return context.json(testedView(name, await operations.testNotifier(name, operator.name)));
}

export const NOTIFIER_ROUTES: readonly Route[] = [
  {
    ...{ method: "GET", path: "/api/v1/notifiers", role: "viewer", name: "listNotifiers" },
    says: "Each [notifier](../notifiers.md) with its routes, what it sent and gave up in the last seven days, what is pending, and its last error.",
    content: { schema: list(NOTIFIER) },
    answer: listNotifiers,
  },
  {
    ...{ method: "POST", path: "/api/v1/notifiers/:name/test", role: "operator" },
    name: "testNotifier",
    says: "Sends a test now, and tells what the far end said.",
    content: { schema: TESTED },
    problems: ["notifier.unknown"],
    answer: testNotifier,
  },
];
