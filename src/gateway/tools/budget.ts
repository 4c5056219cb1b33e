/**
 * The gateway's own tool over MCP, which tells what `GET /guard/v1/budgets` tells. It touches
 * nothing but the books, so it is asked of no guard, counts for no breaker and costs nothing, and
 * answers while the agent is paused too.
 */
import { BUDGET_TOOL } from "../../guards/tool/names.ts";
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import { StoreUnreachable } from "../../ports/store.ts";
import { byteLength } from "../../wire/utf8.ts";
import { type Desk, type Incoming, originOf } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { budgetsOf } from "../guard-api.ts";
import { record } from "../refuse.ts";

const RETRY_MS = 1_000;

export async function tellBudgets(
  given: Readonly<Record<string, unknown>>,
  desk: Desk,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> {
  const seen = argumentsIn(given) ?? (await look(incoming, gateway));
  if (isDenial(seen)) {
    const origin = originOf(incoming);
    record({ denial: seen, origin, asked: null }, [], gateway);
    return desk.refuse(seen, origin, {});
  }
  const text = JSON.stringify(seen);
  const content = [{ type: "text", text }];
  desk.answer({ content, structuredContent: seen, isError: false, bytes: byteLength(text) }, {});
}

function argumentsIn(given: Readonly<Record<string, unknown>>): Denial | null {
  const [first] = Object.keys(given);
  if (first === undefined) return null;
  const facts = { tool: BUDGET_TOOL, at: "/arguments", wrong: "it takes none" };
  return deny("manifest.arguments", facts);
}

/** Without the store nobody knows what others spent: told as a refusal that the model reads. */
async function look(incoming: Incoming, gateway: Gateway): ReturnType<typeof budgetsOf> {
  try {
    return await budgetsOf(incoming, gateway);
  } catch (error) {
    if (!(error instanceof StoreUnreachable)) throw error;
    gateway.log.warn("budgets were not told: the store did not answer", { error });
    return deny("store.unreachable", {}, RETRY_MS);
  }
}
