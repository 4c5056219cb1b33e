/** docs/reference/refusals.md, from the table of denials and the renderer of refusals. */
import { DENIALS, type DenialCode, deny } from "../../src/guards/verdict.ts";
import { renderRefusal } from "../../src/wire/refusal.ts";
import { code, table } from "./markdown.ts";

const INTRO = `# Refusals

Every code with which the agents' listener refuses. Why each happens and what to do about it:
[refusals](../refusals.md). \`type\` is \`error.type\` of the body. \`retried\` is what the header
\`x-should-retry\` tells the official clients.
`;

/** The whole page. */
export function refusalsPage(): string {
  const rows = Object.entries(DENIALS).map(([name, { status, says, hint }]) => {
    // Its keys are the codes: that is its type, which Object.entries forgets.
    const denial = deny(name as DenialCode);
    const { body, headers } = renderRefusal(denial, { decision: "d", requestId: "d" });
    const { type } = JSON.parse(body).error;
    const retried = headers["x-should-retry"] === "true" ? "yes" : "no";
    return [code(name), String(status), code(type), retried, says, hint];
  });
  rows.sort(([, a = ""], [, b = ""]) => Number(a) - Number(b));
  const head = ["code", "status", "type", "retried", "what the agent is told", "way forward"];
  return `${INTRO}\n${table(head, rows)}`;
}
