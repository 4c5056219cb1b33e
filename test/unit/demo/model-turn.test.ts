/** What the demo's model does with what it is told: as diligent and as blind as the story's agent. */
import { expect, test } from "vitest";
import { nextStep } from "../../../src/demo/model-turn.ts";
import { MODEL, modelNanoUsd, TRANSCRIPTION } from "../../../src/demo/prices.ts";
import { formatUsd } from "../../../src/guards/money.ts";

const listen = {
  kind: "call",
  name: "transcribe_audio",
  arguments: { recording: "call-4711.wav" },
};
const solve = {
  kind: "call",
  name: "update_ticket_status",
  arguments: { ticket: 4711, status: "solved" },
};
const done = { kind: "say", text: "Ticket 4711 is solved." };

function after(tool: string, content: string) {
  const call = { id: "c-1", type: "function", function: { name: tool, arguments: "{}" } };
  return nextStep([
    { role: "system", content: "A handbook about ticket 1." },
    { role: "user", content: "Ticket 4711 came by phone." },
    { role: "assistant", content: "Let me look.", tool_calls: [call] },
    { role: "tool", tool_call_id: "c-1", content },
  ]);
}

test.each([
  ["listens again to what came back empty", "transcribe_audio", "", listen],
  ["listens again where it is told to come again", "transcribe_audio", "It waits.", listen],
  ["listens again to a transcript without words", "transcribe_audio", "{}", listen],
  ["solves the ticket of which it has the words", "transcribe_audio", '{"text":"x"}', solve],
  ["solves again where that was told to come again", "update_ticket_status", "It waits.", solve],
  ["is done when the ticket is", "update_ticket_status", '{"status":"solved"}', done],
])("it %s", (_, tool, content, step) => {
  expect(after(tool, content)).toEqual(step);
});

test("it begins by listening, and asks where it has no ticket", () => {
  expect(nextStep([{ role: "user", content: "Ticket 4711." }])).toEqual(listen);
  expect(nextStep([{ role: "user", content: "Hello" }]).kind).toBe("say");
});

test("it bills what the gateway's price book is told", () => {
  const million = 1_000_000;
  expect(formatUsd(modelNanoUsd({ input: million, output: 0 }))).toBe(
    `${MODEL.inputUsdPerMillion}`,
  );
  expect(formatUsd(modelNanoUsd({ input: 0, output: million }))).toBe(
    `${MODEL.outputUsdPerMillion}`,
  );
  expect(formatUsd(TRANSCRIPTION.nanoUsdPerMinute)).toBe(`${TRANSCRIPTION.usdPerMinute}`);
});
