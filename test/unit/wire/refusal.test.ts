import { expect, test } from "vitest";
import { DENIALS, type DenialCode, deny } from "../../../src/guards/verdict.ts";
import { renderErrorFrame, renderRefusal } from "../../../src/wire/refusal.ts";

const IDS = { decision: "d-1", requestId: "r-1" };
// The keys of the table are its codes, which Object.keys cannot say.
const CODES = Object.keys(DENIALS) as DenialCode[];

test("a refused call says what, why and what next, in the one shape that every client reads", () => {
  const refusal = renderRefusal(
    deny("budget.exhausted", { budget: "team", remaining: "0.5" }),
    IDS,
  );
  const message =
    "The budget does not cover this call. (budget: team, remaining: 0.5) " +
    "Raise the budget, or wait until its window ends.";
  expect(refusal.status).toBe(402);
  expect(refusal.headers).toEqual({
    "content-type": "application/json",
    "x-request-id": "r-1",
    "request-id": "r-1",
    "x-slipclutch-decision": "d-1; code=budget.exhausted",
    "x-should-retry": "false",
  });
  expect(JSON.parse(refusal.body)).toEqual({
    type: "error",
    message,
    code: "budget.exhausted",
    error: {
      type: "permission_error",
      message,
      code: "budget.exhausted",
      param: null,
      details: { error_code: "budget.exhausted", facts: { budget: "team", remaining: "0.5" } },
    },
    request_id: "r-1",
  });
});

test("a thread held by the provider is refused in the words on which clients go on without one", () => {
  const body = JSON.parse(
    renderRefusal(deny("model.unbounded", { what: "body thread" }), IDS).body,
  );
  expect(body.error.details.error_code).toBe("thread_unsupported_request");
  expect([body.code, body.error.code]).toEqual(["model.unbounded", "model.unbounded"]);
  const other = JSON.parse(renderRefusal(deny("model.unbounded", { what: "body x" }), IDS).body);
  expect(other.error.details.error_code).toBe("model.unbounded");
});

test("every code has its status and a type that clients map to the same", () => {
  const types = { 400: "invalid_request_error", 401: "authentication_error" };
  const more = { 402: "permission_error", 403: "permission_error", 404: "invalid_request_error" };
  const rest = { 413: "invalid_request_error", 429: "rate_limit_error", 502: "api_error" };
  const all: Record<number, string> = { ...types, ...more, ...rest, 503: "api_error" };
  all[504] = "api_error";
  for (const code of CODES) {
    const { status, body } = renderRefusal(deny(code), IDS);
    expect(JSON.parse(body).error.type).toBe(all[status]);
    expect(JSON.parse(body).message).toContain(DENIALS[code].hint);
  }
});

test.each([
  [1, "1"],
  [1000, "1"],
  [1001, "2"],
  [59_000, "59"],
  [3_600_000, "59"],
  [-5, "1"],
])("a wait of %d ms is told as %s s", (ms, seconds) => {
  const { headers } = renderRefusal(deny("budget.contended", {}, ms), IDS);
  expect(headers["retry-after"]).toBe(seconds);
  expect(headers["x-should-retry"]).toBe("true");
});

test("a final refusal and a call that may be billed are not to be repeated", () => {
  const retried = CODES.filter(
    (code) => renderRefusal(deny(code), IDS).headers["x-should-retry"] === "true",
  );
  expect(retried.sort()).toEqual([
    "approval.pending",
    "budget.contended",
    "budget.parked",
    "clutch.parked",
    "gateway.fenced",
    "gateway.overloaded",
    "gateway.unsure",
    "parking.full",
    "provider.unreachable",
    "rate-limit.exceeded",
    "store.unreachable",
    "tool.busy",
  ]);
});

test("a cut stream ends in one frame whose type says permission, whatever the code", () => {
  const frame = renderErrorFrame(deny("provider.timeout"), IDS, 7);
  expect(frame.startsWith("event: error\ndata: {")).toBe(true);
  expect(frame.endsWith("}\n\n")).toBe(true);
  const data = JSON.parse(frame.slice(frame.indexOf("{")));
  expect(data.error.type).toBe("permission_error");
  expect(data).toMatchObject({ code: "provider.timeout", param: null, sequence_number: 7 });
  expect(data.error.details.error_code).toBe("provider.timeout");
});

test("a fact as long as a body is cut, and a hostile one cannot break a frame", () => {
  const facts = { model: `x\n\ndata: [DONE]\n\n${"y".repeat(10_000)}` };
  const frame = renderErrorFrame(deny("model.unknown", facts), IDS, 0);
  expect(frame.split("\n").filter((line) => line !== "")).toHaveLength(2);
  expect(frame.length).toBeLessThan(1500);
});
