import { expect, test } from "vitest";
import { entryView } from "../../../src/control/views.ts";
import type { Event } from "../../../src/guards/events.ts";
import { logEvent } from "../../../src/telemetry/log-events.ts";

function viewOf(event: Event) {
  const columns = { position: 1, writer: "aa", no: 1, at: 0, kind: event.kind, hash: "" };
  const unnamed = { decision: null, agent: null, task: null, code: null };
  return entryView({ ...columns, ...unnamed, body: JSON.stringify(event) }).event;
}

const GAP: Event = {
  kind: "journal.gap",
  writer: "bb",
  lastNo: 7,
  forfeits: [{ budget: "all", scope: "", amount: "1500000001" }],
};

test("a gap shows what was forfeited in USD, to the last digit", () => {
  expect(viewOf(GAP)).toEqual({
    kind: "journal.gap",
    writer: "bb",
    last_no: 7,
    forfeits: [{ budget: "all", scope: "", amount_usd: "1.500000001" }],
  });
});

test("the log shows the same amount", () => {
  const said: unknown[] = [];
  const say = (message: string, fields: unknown) => said.push([message, fields]);
  logEvent({ debug: say, info: say, warn: say, error: say }, GAP);
  const forfeits = [{ budget: "all", scope: "", amount_usd: "1.500000001" }];
  expect(said).toEqual([["journal.gap", { writer: "bb", lastNo: 7, forfeits }]]);
});
