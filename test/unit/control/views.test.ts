import { expect, test } from "vitest";
import { entryView, eventView } from "../../../src/control/views.ts";
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
  forfeits: [
    { budget: "all", scope: "", unit: "usd", amount: "1500000001" },
    { budget: "t", scope: "", unit: "tokens", amount: "9007199254740993" },
  ],
};

const SHOWN = [
  { budget: "all", scope: "", amount_usd: "1.500000001" },
  { budget: "t", scope: "", amount_tokens: "9007199254740993" },
];

test("a gap shows what was forfeited, to the last digit", () => {
  expect(viewOf(GAP)).toEqual({
    kind: "journal.gap",
    writer: "bb",
    last_no: 7,
    forfeits: [
      { ...SHOWN[0], unit: "usd" },
      { ...SHOWN[1], unit: "tokens" },
    ],
  });
});

test("the log shows the same amount", () => {
  const said: unknown[] = [];
  const say = (message: string, fields: unknown) => said.push([message, fields]);
  logEvent({ debug: say, info: say, warn: say, error: say }, GAP);
  expect(said).toEqual([["journal.gap", { writer: "bb", lastNo: 7, forfeits: SHOWN }]]);
});

test("a release without evidence is an error in the log, one with evidence a warning", () => {
  const said: string[] = [];
  const at = (level: string) => () => said.push(level);
  const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const who = { holder: "aa", by: "jo", reason: "x" };
  const why = { release: "r", unit: "usd", billed: "5", ...who, releases: [] } as const;
  for (const evidence of ["gone", "none"] as const) {
    const event = { kind: "forfeit.released", evidence, ...why } as const;
    logEvent(log, event);
    expect(viewOf(event)).toMatchObject({ evidence, billed_usd: "0.000000005" });
  }
  expect(said).toEqual(["warn", "error"]);
});

test("a leg shows its amounts in its unit, and its call shows money", () => {
  const leg = { budget: "b", scope: "", window: 0, reserved: 5, charged: null };
  const legs = [
    { ...leg, unit: "tokens" },
    { ...leg, unit: "usd" },
  ];
  expect(eventView({ reserved: 5, legs })).toEqual({
    reserved_usd: "0.000000005",
    legs: [
      { budget: "b", scope: "", window: 0, unit: "tokens", ...amounts("tokens", "5") },
      { budget: "b", scope: "", window: 0, unit: "usd", ...amounts("usd", "0.000000005") },
    ],
  });
});

function amounts(unit: string, reserved: string) {
  return { [`reserved_${unit}`]: reserved, [`charged_${unit}`]: null };
}
