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

test("a release without evidence is an error in the log, one with evidence a warning", () => {
  const said: string[] = [];
  const at = (level: string) => () => said.push(level);
  const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const why = { release: "r", holder: "aa", billed: "5", by: "jo", reason: "x", releases: [] };
  for (const evidence of ["gone", "none"] as const) {
    const event = { kind: "forfeit.released", evidence, ...why } as const;
    logEvent(log, event);
    expect(viewOf(event)).toMatchObject({ evidence, billed_usd: "0.000000005" });
  }
  expect(said).toEqual(["warn", "error"]);
});
