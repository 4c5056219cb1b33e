import { describe, expect, test } from "vitest";
import { FAILURE_WINDOW_MS, FAILURES_MAX } from "../../../src/control/access.ts";
import { BODY_BYTES_MAX } from "../../../src/control/requests.ts";
import { ROUTES } from "../../../src/control/routes/index.ts";
import { controlApp, listenControl } from "../../../src/control/server.ts";
import { type Role, StoreUnreachable } from "../../../src/ports/store.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { checkAnswer } from "../../support/api-document.ts";
import {
  BUDGET,
  commitment,
  forfeit,
  MemoryOperations,
  parkedRow,
  review,
  TOKENS,
  task,
} from "./operations.ts";

function opened(operations = new MemoryOperations(testClock())) {
  const clock = testClock();
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  const log = createLog({ clock, write, level: "debug", form: "json" });
  const app = controlApp({ operations, clock, log });
  const ask = async (
    method: string,
    path: string,
    more: { token?: string | null; body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const { token = TOKENS.admin, body, headers = {} } = more;
    const init = {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    };
    const response = await app.request(path, init, {});
    await checkAnswer(method, path, response);
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json");
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: json ? JSON.parse(text) : null,
    };
  };
  return { operations, clock, lines, ask, app };
}

/** Those that whoever reaches the listener may ask. */
const OPEN = [
  ...["GET /healthz", "GET /readyz", "GET /api/v1/openapi.json"],
  "POST /api/v1/session",
  "DELETE /api/v1/session",
];

/** Every other route with the roles it answers to. One that is not listed here fails the test. */
const MAY: Record<string, Record<Role, boolean>> = {
  "GET /metrics": { viewer: true, operator: true, admin: true },
  "GET /api/v1/overview": { viewer: true, operator: true, admin: true },
  "GET /api/v1/agents/:agent/manifest": { viewer: true, operator: true, admin: true },
  "GET /api/v1/session": { viewer: true, operator: true, admin: true },
  "GET /api/v1/events": { viewer: true, operator: true, admin: true },
  "GET /api/v1/status": { viewer: true, operator: true, admin: true },
  "GET /api/v1/budgets": { viewer: true, operator: true, admin: true },
  "GET /api/v1/budgets/:budget/history": { viewer: true, operator: true, admin: true },
  "GET /api/v1/inputs": { viewer: false, operator: true, admin: true },
  "GET /api/v1/journal": { viewer: true, operator: true, admin: true },
  "GET /api/v1/journal/verify": { viewer: true, operator: true, admin: true },
  "GET /api/v1/decisions/:id": { viewer: true, operator: true, admin: true },
  "GET /api/v1/keys": { viewer: true, operator: true, admin: true },
  "GET /api/v1/tasks": { viewer: true, operator: true, admin: true },
  "GET /api/v1/agents/:agent/signals": { viewer: true, operator: true, admin: true },
  "GET /api/v1/agents": { viewer: true, operator: true, admin: true },
  "POST /api/v1/agents/pause": { viewer: false, operator: true, admin: true },
  "GET /api/v1/reviews": { viewer: true, operator: true, admin: true },
  "GET /api/v1/reviews/:id": { viewer: true, operator: true, admin: true },
  "GET /api/v1/reviews/:id/calls/:call": { viewer: false, operator: true, admin: true },
  "POST /api/v1/reviews/:id/decision": { viewer: false, operator: true, admin: true },
  "GET /api/v1/incidents": { viewer: true, operator: true, admin: true },
  "GET /api/v1/incidents/:id": { viewer: true, operator: true, admin: true },
  "GET /api/v1/incidents/:id/export": { viewer: false, operator: true, admin: true },
  "POST /api/v1/incidents/:id/notes": { viewer: false, operator: true, admin: true },
  "GET /api/v1/overrides": { viewer: true, operator: true, admin: true },
  "POST /api/v1/overrides": { viewer: false, operator: false, admin: true },
  "GET /api/v1/forfeits": { viewer: true, operator: true, admin: true },
  "POST /api/v1/forfeits/release": { viewer: false, operator: true, admin: true },
  "GET /api/v1/commitments": { viewer: true, operator: true, admin: true },
  "POST /api/v1/commitments/:id/end": { viewer: false, operator: true, admin: true },
  "GET /api/v1/notifiers": { viewer: true, operator: true, admin: true },
  "POST /api/v1/notifiers/:name/test": { viewer: false, operator: true, admin: true },
  "GET /api/v1/model-flags": { viewer: true, operator: true, admin: true },
  "POST /api/v1/reload": { viewer: false, operator: true, admin: true },
  "POST /api/v1/tasks/:agent/:id/end": { viewer: false, operator: true, admin: true },
  "DELETE /api/v1/model-flags/:provider/:model": { viewer: false, operator: true, admin: true },
  "GET /api/v1/tasks/:agent/:id/transcript": { viewer: false, operator: true, admin: true },
  "DELETE /api/v1/tasks/:agent/:id/transcript": { viewer: false, operator: false, admin: true },
  "POST /api/v1/keys": { viewer: false, operator: false, admin: true },
  "DELETE /api/v1/keys/:id": { viewer: false, operator: false, admin: true },
};

describe("who may do what", () => {
  const closed = ROUTES.filter(({ role }) => role !== null);

  test.each(closed.map((route) => ({ name: `${route.method} ${route.path}`, route })))(
    "$name",
    async ({ name, route }) => {
      const may = MAY[name];
      if (!may) throw new Error(`${name} has no row in the table of roles`);
      const path = route.path.replace(":id", "x").replace(/:\w+/g, "y");
      for (const role of ["viewer", "operator", "admin"] as const) {
        const { ask, operations } = opened();
        // What live events answer never ends.
        const method = path.endsWith("/events") ? "HEAD" : route.method;
        const { status, json } = await ask(method, path, { token: TOKENS[role] });
        if (may[role]) {
          expect([401, 403], `${role} ${name}`).not.toContain(status);
        } else {
          expect({ status, code: json.error.code }).toEqual({
            status: 403,
            code: "role.insufficient",
          });
          expect(operations.done).toEqual([]);
        }
      }
      const { ask } = opened();
      const without = await ask(route.method, path, { token: null });
      expect(without.json.error.code).toBe("token.missing");
      expect(without.status).toBe(401);
      const wrong = await ask(route.method, path, { token: "sco_wrong" });
      expect(wrong.json.error.code).toBe("token.invalid");
      const agent = await ask(route.method, path, { token: "sck_0123456789" });
      expect(agent.status).toBe(401);
      expect(agent.json.error).toMatchObject({
        code: "token.agent",
        hint: expect.stringContaining("operator token"),
      });
    },
  );

  test("the table of roles names no route that does not exist", () => {
    const names = ROUTES.map((route) => `${route.method} ${route.path}`);
    expect(names.sort()).toEqual([...Object.keys(MAY), ...OPEN].sort());
  });

  test("a revoked token is refused at the next request", async () => {
    const { ask } = opened();
    expect((await ask("GET", "/api/v1/status", { token: TOKENS.viewer })).status).toBe(200);
    expect((await ask("DELETE", "/api/v1/keys/key_viewer")).status).toBe(200);
    expect((await ask("GET", "/api/v1/status", { token: TOKENS.viewer })).status).toBe(401);
  });
});

describe("guesses", () => {
  test("are slowed down without asking the store, and a token known to be right still works", async () => {
    const { ask, operations, clock } = opened();
    await ask("GET", "/api/v1/status");
    for (let no = 0; no < FAILURES_MAX; no += 1) {
      expect((await ask("GET", "/metrics", { token: `guess-${no}` })).status).toBe(401);
    }
    const asked = operations.authenticated;
    const slowed = await ask("GET", "/metrics", { token: "guess" });
    expect(slowed.status).toBe(429);
    expect(slowed.json.error.code).toBe("token.too-many-failures");
    expect(Number(slowed.headers.get("retry-after"))).toBe(FAILURE_WINDOW_MS / 1000);
    expect(operations.authenticated).toBe(asked);
    expect((await ask("GET", "/api/v1/status")).status).toBe(200);
    expect((await ask("GET", "/api/v1/status", { token: TOKENS.viewer })).status).toBe(429);

    clock.advance(FAILURE_WINDOW_MS);
    expect((await ask("GET", "/api/v1/status", { token: TOKENS.viewer })).status).toBe(200);
  });
});

describe("what is open", () => {
  test("health needs no token", async () => {
    const { ask } = opened();
    expect(await ask("GET", "/healthz", { token: null })).toMatchObject({
      status: 200,
      json: { ok: true },
    });
  });

  test("readiness says why not", async () => {
    const { ask, operations } = opened();
    expect((await ask("GET", "/readyz", { token: null })).status).toBe(200);
    operations.notReady = "the store is out of reach";
    expect(await ask("GET", "/readyz", { token: null })).toMatchObject({
      status: 503,
      json: { ready: false, because: "the store is out of reach" },
    });
  });

  test("an unknown path says nothing but that", async () => {
    const { ask } = opened();
    const answer = await ask("GET", "/api/v1/nothing", { token: null });
    expect(answer).toMatchObject({ status: 404, json: { error: { code: "path.unknown" } } });
  });

  test("every answer carries the security headers", async () => {
    const { ask } = opened();
    for (const [path, token] of [
      ["/healthz", null],
      ["/api/v1/status", TOKENS.viewer],
      ["/metrics", null],
      ["/no", null],
    ] as const) {
      const { headers } = await ask("GET", path, { token });
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("cache-control")).toBe("no-store");
    }
  });
});

describe("the API", () => {
  test("shows budgets with decimal strings", async () => {
    const { json } = await opened().ask("GET", "/api/v1/budgets");
    expect(json).toEqual([
      {
        name: "support-monthly",
        scope: "support",
        unit: "usd",
        limit_usd: "500",
        spent_usd: "12.5",
        reserved_usd: "0.001",
        leased_usd: "0.002",
        forfeited_usd: "0",
        committed_usd: "0",
        remaining_usd: "487.499",
        window: "month",
        window_starts_at: "2026-01-01T00:00:00.000Z",
        window_ends_at: "2026-02-01T00:00:00.000Z",
        forecast: { by: "last_24h", spent_usd: "625" },
        no_forecast: null,
        passes_at: "2026-01-25T00:00:00.000Z",
      },
    ]);
  });

  test("says why there is no forecast", async () => {
    const { ask, operations } = opened();
    const none = { kind: "none", because: "no-end" } as const;
    operations.budgetStates[0] = { ...BUDGET, starts: 0, ends: null, forecast: none };
    const { json } = await ask("GET", "/api/v1/budgets");
    expect(json).toMatchObject([
      { forecast: null, no_forecast: "its window has no end", passes_at: null },
    ]);
  });

  test("shows what a budget spent when, and knows no account that is not open", async () => {
    const { ask } = opened();
    const path = "/api/v1/budgets/support-monthly/history";
    expect((await ask("GET", `${path}?scope=support`)).json).toMatchObject({
      budget: { name: "support-monthly", spent_usd: "12.5" },
      ...{ on_exhausted: "park", bar_seconds: 86_400, unplaced: { spent_usd: "0.5" } },
      bars: [{ at: "2026-01-02T00:00:00.000Z", spent_usd: "12" }],
      before: [{ starts_at: "2025-12-01T00:00:00.000Z", limit_usd: "400", spent_usd: "31" }],
    });
    const unknown = await ask("GET", path);
    expect(unknown).toMatchObject({ status: 404, json: { error: { code: "budget.unknown" } } });
  });

  test("shows the status", async () => {
    const { json } = await opened().ask("GET", "/api/v1/status");
    expect(json).toMatchObject({ ready: true, because: null, store: { heartbeat_age_ms: 12 } });
  });

  test("gives metrics as text", async () => {
    const { headers, text } = await opened().ask("GET", "/metrics", { token: TOKENS.viewer });
    expect(headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(text).toContain(
      'slipclutch_budget_spent_usd{budget="support-monthly",scope="support"} 12.5',
    );
  });

  test("makes an agent's key, shows it once and never its hash", async () => {
    const { ask, operations } = opened();
    const made = await ask("POST", "/api/v1/keys", {
      body: { agent: "support", expires_in: "1d" },
    });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({ agent: "support", kind: "agent" });
    expect(made.json.key).toMatch(/^sck_[0-9a-f]{32}$/);
    expect(Date.parse(made.json.expires_at) - Date.parse(made.json.created_at)).toBe(86_400_000);
    expect(operations.done).toEqual(["create key_3 by the-admin"]);
    const list = await ask("GET", "/api/v1/keys");
    expect(list.json).toHaveLength(4);
    expect(list.text).not.toContain(made.json.key);
    for (const key of operations.keyRecords) expect(list.text).not.toContain(key.hash);
  });

  test("makes an operator's token that works with its role", async () => {
    const { ask } = opened();
    const made = await ask("POST", "/api/v1/keys", { body: { operator: "jo", role: "viewer" } });
    const token = made.json.key;
    expect((await ask("GET", "/api/v1/status", { token })).status).toBe(200);
    expect((await ask("POST", "/api/v1/reload", { token })).status).toBe(403);
  });

  test.each([
    [{}, "expected {"],
    [{ agent: "support", role: "admin" }, 'Unrecognized key: "role"'],
    [{ operator: "jo", role: "root" }, "expected {"],
    [{ agent: "support", expires_in: "soon" }, "expected a duration"],
    ["{", "no JSON"],
    ["[]", "expected {"],
  ])("refuses a key for %j", async (body, message) => {
    const { ask, operations } = opened();
    const { status, json } = await ask("POST", "/api/v1/keys", { body });
    expect(status).toBe(400);
    expect(json.error.code).toBe("request.malformed");
    expect(json.error.message).toContain(message);
    expect(operations.done).toEqual([]);
  });

  test("names the agents there are when a key is for another", async () => {
    const { status, json } = await opened().ask("POST", "/api/v1/keys", {
      body: { agent: "nobody" },
    });
    expect(status).toBe(404);
    expect(json.error.message).toContain("support");
  });

  test("revokes a key once", async () => {
    const { ask } = opened();
    expect((await ask("DELETE", "/api/v1/keys/key_viewer")).status).toBe(200);
    expect((await ask("DELETE", "/api/v1/keys/key_viewer")).json.error.code).toBe("key.unknown");
    expect((await ask("GET", "/api/v1/keys")).json).toHaveLength(2);
    expect((await ask("GET", "/api/v1/keys?all=true")).json).toHaveLength(3);
  });

  test("tells how a reload went, with the issues when it did not", async () => {
    const { ask, operations } = opened();
    expect((await ask("POST", "/api/v1/reload")).json).toEqual({
      changed: false,
      from: "dir:1",
      to: "dir:1",
    });
    operations.reloaded = { kind: "ok", from: "dir:1", to: "dir:2" };
    expect((await ask("POST", "/api/v1/reload")).json).toEqual({
      changed: true,
      from: "dir:1",
      to: "dir:2",
    });
    const issue = {
      file: "slipclutch.yaml",
      line: 3,
      path: "budgets",
      got: "x",
      expected: "y",
      hint: "z",
    };
    operations.reloaded = { kind: "invalid", issues: [issue] };
    const invalid = await ask("POST", "/api/v1/reload");
    expect(invalid).toMatchObject({ status: 422, json: { error: { issues: [issue] } } });
    operations.reloaded = { kind: "refused", because: "another gateway is reloading" };
    expect(await ask("POST", "/api/v1/reload")).toMatchObject({ status: 409 });
    expect(operations.done).toEqual(Array(4).fill("reload by the-admin"));
  });

  test("ends a task once, by names that need escaping", async () => {
    const { ask, operations } = opened();
    operations.taskRecords.push(task("ticket/7 ü"), task("other"));
    const path = `/api/v1/tasks/support/${encodeURIComponent("ticket/7 ü")}/end`;
    expect((await ask("POST", path)).json).toEqual({
      agent: "support",
      task: "ticket/7 ü",
      outcome: "failed",
    });
    expect((await ask("POST", path)).json.error.code).toBe("task.unknown");
    const alive = await ask("GET", "/api/v1/tasks?alive=true");
    expect(alive.json.map((view: { task: string }) => view.task)).toEqual(["other"]);
    expect((await ask("GET", "/api/v1/tasks?agent=nobody")).json).toEqual([]);
  });

  test("clears a model's flag with a reason only", async () => {
    const { ask, operations } = opened();
    const flag = {
      provider: "router",
      model: "vendor/model-1",
      what: "output",
      since: 0,
      call: "c",
    } as const;
    operations.modelFlags.push(flag);
    expect((await ask("GET", "/api/v1/model-flags")).json[0]).toMatchObject({
      model: "vendor/model-1",
    });
    const path = `/api/v1/model-flags/router/${encodeURIComponent("vendor/model-1")}`;
    expect((await ask("DELETE", path)).status).toBe(400);
    expect((await ask("DELETE", path, { body: { reason: " " } })).status).toBe(400);
    expect((await ask("DELETE", path, { body: { reason: "fixed upstream" } })).status).toBe(200);
    expect((await ask("DELETE", path, { body: { reason: "again" } })).status).toBe(404);
    expect(operations.done).toEqual(["clear router vendor/model-1 by the-admin: fixed upstream"]);
  });

  test("shows what goes on costing, and what has ended where that is asked for", async () => {
    const { ask, operations } = opened();
    const ended = { state: "ended", endedAt: Date.UTC(2026, 0, 3), endedBy: "ada" } as const;
    const more = { reason: "Switched off.", holds: [], unrenewable: true, service: "7" };
    operations.commitmentRows.push(
      commitment("d-2"),
      commitment("d-1", { ...ended, ...more }),
      commitment("d-3", { agent: "other", service: null, state: "unknown" }),
    );
    const view = {
      ...{ id: "d-2", agent: "support", task: "t1", server: "cloud", tool: "create" },
      ...{ state: "active", service: "svc-1", usd_per_hour: "1", usd_per_day: "24" },
      ...{ opened_at: "2026-01-02T00:00:00.000Z", accrued_usd: "0.5", renewable: true },
      holds: [{ budget: "support-monthly", scope: "support", held_usd: "0.5" }],
      ...{ ended_at: null, ended_by: null, reason: null },
    };
    const path = "/api/v1/commitments";
    const { json } = await ask("GET", path, { token: TOKENS.viewer });
    expect(json).toEqual([
      view,
      { ...view, id: "d-3", agent: "other", service: null, state: "unknown" },
    ]);
    const all = await ask("GET", `${path}?agent=support&all=true`);
    const over = { state: "ended", ended_at: "2026-01-03T00:00:00.000Z", ended_by: "ada" };
    const why = { reason: "Switched off.", holds: [], renewable: false, service: 7 };
    expect(all.json).toEqual([view, { ...view, id: "d-1", ...over, ...why }]);
    expect((await ask("GET", `${path}?limit=1&all=true`)).json).toHaveLength(1);
    expect((await ask("GET", `${path}?every=true`)).status).toBe(400);
  });

  test("ends what goes on costing for a reason, once, and not while its call is out", async () => {
    const { ask, operations } = opened();
    operations.commitmentRows.push(
      commitment("d-1"),
      commitment("d-2", { state: "opening", service: null }),
    );
    const end = (id: string, body: unknown) =>
      ask("POST", `/api/v1/commitments/${id}/end`, { token: TOKENS.operator, body });
    expect((await end("d-1", {})).status).toBe(400);
    const first = await end("d-1", { reason: "gone" });
    expect(first.json).toMatchObject({ state: "ended", ended_by: "the-operator", reason: "gone" });
    const again = await end("d-1", { reason: "gone" });
    expect([again.status, again.json.error.code]).toEqual([404, "commitment.unknown"]);
    const opening = await end("d-2", { reason: "gone" });
    expect([opening.status, opening.json.error.code]).toEqual([409, "commitment.opening"]);
    expect(operations.done).toEqual(["end d-1 by the-operator: gone"]);
  });

  test("shows forfeits with what is missing to release them", async () => {
    const { ask, operations } = opened();
    const soon = forfeit("bb", { proof: { kind: "too-soon", waitMs: 1_200 } });
    operations.forfeitStates.push(
      forfeit("aa"),
      soon,
      forfeit("cc", { proof: { kind: "may-run" } }),
    );
    const { json } = await ask("GET", "/api/v1/forfeits", { token: TOKENS.viewer });
    expect(json.releases).toEqual([]);
    expect(json.forfeits[0]).toEqual({
      holder: "aa",
      host: "box",
      pid: 42,
      fenced_at: "2026-01-02T00:00:00.000Z",
      budget: "all",
      scope: "support",
      unit: "usd",
      window_starts_at: "2026-01-01T00:00:00.000Z",
      window_ends_at: "2026-02-01T00:00:00.000Z",
      forfeited_usd: "1.5",
      evidence: "gone",
      missing: null,
    });
    expect(json.forfeits[1]).toMatchObject({
      evidence: null,
      missing: expect.stringContaining("wait 2 s"),
    });
    expect(json.forfeits[2].missing).toContain("a gateway on its machine");
  });

  test("releases a forfeit on evidence, once for each id, and says what may be overspent", async () => {
    const { ask, operations } = opened();
    operations.forfeitStates.push(forfeit("aa"), forfeit("bb", { proof: { kind: "may-run" } }));
    const release = (body: object) =>
      ask("POST", "/api/v1/forfeits/release", { token: TOKENS.operator, body });
    const body = { id: "r1", holder: "aa", billed_usd: "0.25", reason: "the bill" };
    const first = await release(body);
    const row = {
      id: "r1",
      holder: "aa",
      budget: "all",
      scope: "support",
      unit: "usd",
      released_usd: "1.25",
      billed_usd: "0.25",
      may_overspend_usd: "0",
      evidence: "gone",
      operator: "the-operator",
      reason: "the bill",
      at: "2026-01-03T00:00:00.000Z",
    };
    expect(first.json).toEqual({ id: "r1", already: false, releases: [row] });
    expect((await release(body)).json).toEqual({ ...first.json, already: true });
    const other = await release({ ...body, holder: "bb" });
    expect(other).toMatchObject({ status: 400, json: { error: { code: "request.malformed" } } });

    const unproven = await release({ ...body, id: "r2", holder: "bb" });
    expect(unproven).toMatchObject({ status: 409, json: { error: { code: "forfeit.unproven" } } });
    const forced = { id: "r2", holder: "bb", without_evidence: true, reason: "cannot wait" };
    expect((await release(forced)).json.releases).toMatchObject([
      { evidence: "none", released_usd: "1.5", may_overspend_usd: "1.5" },
    ]);
    const billed = await release({ ...body, id: "r3", billed_usd: 1.5 });
    expect(billed).toMatchObject({ status: 409, json: { error: { code: "forfeit.billed" } } });
    expect(billed.json.error.message).toContain("1.5 USD");
    const unknown = await release({ ...body, id: "r4", holder: "dd" });
    expect(unknown).toMatchObject({ status: 404, json: { error: { code: "forfeit.unknown" } } });
  });

  test("releases what is counted in the unit of what was billed, and nothing else", async () => {
    const { ask, operations } = opened();
    operations.forfeitStates.push(
      forfeit("aa"),
      forfeit("aa", { budget: "some", unit: "tokens", amount: 70n }),
      forfeit("bb", { budget: "few", unit: "calls", amount: 3n }),
    );
    const { json } = await ask("GET", "/api/v1/forfeits", {});
    expect(json.forfeits[1]).toMatchObject({ unit: "tokens", forfeited_tokens: "70" });
    const release = (body: object) => ask("POST", "/api/v1/forfeits/release", { body });
    const tokens = { id: "r1", holder: "aa", billed_tokens: 20, reason: "the bill" };
    const row = { budget: "some", unit: "tokens", released_tokens: "50", billed_tokens: "20" };
    expect((await release(tokens)).json.releases).toMatchObject([row]);
    const calls = { id: "r2", holder: "bb", billed_calls: "3", reason: "the bill" };
    expect((await release(calls)).json.error.message).toContain("3 calls");
  });

  test.each([
    ["nothing that stays charged", {}],
    ["an amount that is none", { billed_usd: "-1" }],
    ["a part of a token", { billed_tokens: "1.5" }],
    ["amounts of two units", { billed_usd: "1", billed_tokens: 1 }],
    ["without_evidence: false", { without_evidence: false }],
    ["a scope of no budget", { billed_usd: "1", scope: "s" }],
    ["an unknown field", { billed_usd: "1", amount_usd: "1" }],
    ["no reason", { billed_usd: "1", reason: " " }],
    ["no id", { billed_usd: "1", id: "" }],
  ])("refuses a release with %s", async (_name, changes) => {
    const { ask, operations } = opened();
    operations.forfeitStates.push(forfeit("aa"));
    const body = { id: "r1", holder: "aa", reason: "the bill", ...changes };
    const answer = await ask("POST", "/api/v1/forfeits/release", { body });
    expect(answer).toMatchObject({ status: 400, json: { error: { code: "request.malformed" } } });
    expect(operations.releases).toEqual([]);
  });

  test("refuses a body that is too large, and a query it does not know", async () => {
    const { ask } = opened();
    const body = JSON.stringify({ agent: "x".repeat(BODY_BYTES_MAX) });
    expect(await ask("POST", "/api/v1/keys", { body })).toMatchObject({
      status: 413,
      json: { error: { code: "request.too-large" } },
    });
    expect((await ask("GET", "/api/v1/journal?agnet=x")).status).toBe(400);
    expect((await ask("GET", "/api/v1/journal?limit=1001")).status).toBe(400);
    expect((await ask("GET", "/api/v1/journal?from=yesterday")).status).toBe(400);
  });
});

describe("the journal in the API", () => {
  test("gives the newest entries, and pages on from the oldest", async () => {
    const { ask } = opened();
    const newest = await ask("GET", "/api/v1/journal?limit=2");
    expect(newest.json.entries.map((entry: { position: number }) => entry.position)).toEqual([
      39, 40,
    ]);
    const oldest = await ask("GET", "/api/v1/journal?limit=3&after=0");
    expect(oldest.json.next).toBe(3);
    const next = await ask("GET", `/api/v1/journal?limit=3&after=${oldest.json.next}`);
    expect(next.json.entries[0].position).toBe(4);
    expect((await ask("GET", "/api/v1/journal?after=40")).json).toEqual({
      entries: [],
      next: null,
    });
  });

  test("filters, and renders amounts as USD with names in snake_case", async () => {
    const { ask } = opened();
    const { json } = await ask("GET", "/api/v1/journal?decision=dec_7&agent=support");
    expect(json.entries).toHaveLength(2);
    expect(json.entries[0]).toMatchObject({
      kind: "call.settled",
      decision: "dec_7",
      hash: expect.any(String),
    });
    expect(json.entries[0].event).toMatchObject({
      reserved_usd: "0.0012",
      charged_usd: "0.0004",
      sent_cap: 512,
      usage: { cached_input: 10 },
      legs: [{ reserved_usd: "0.0012", charged_usd: "0.0004" }, {}],
      answers: [{}, {}, { numbers: { reserved: 1_200_000, remaining: "499.9" } }],
    });
    expect((await ask("GET", "/api/v1/journal?task=none")).json.entries).toEqual([]);
  });

  test("takes times as durations ago", async () => {
    const clock = testClock(1_800_000_000_000 + 3_600_000);
    const app = controlApp({ operations: new MemoryOperations(clock), clock, log: console });
    const headers = { authorization: `Bearer ${TOKENS.viewer}` };
    const count = async (query: string) => {
      const response = await app.request(`/api/v1/journal?${query}`, { headers }, {});
      const page = (await response.json()) as { entries: unknown[] };
      return page.entries.length;
    };
    expect(await count("from=2h")).toBe(40);
    expect(await count("from=30m")).toBe(0);
    expect(await count("to=2027-01-15T08:00:00.000Z")).toBe(10);
  });

  test("streams as lines when asked to", async () => {
    const { ask } = opened();
    const answer = await ask("GET", "/api/v1/journal?limit=3", {
      headers: { accept: "Application/X-NDJSON" },
    });
    const lines = answer.text.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).position)).toEqual([38, 39, 40]);
  });

  test("verifies, and names the first entry that is bad", async () => {
    const { ask, operations } = opened();
    expect((await ask("GET", "/api/v1/journal/verify")).json).toEqual({
      ok: true,
      entries: 40,
      writers: 2,
      anchors: 6,
      gaps: 0,
    });
    operations.rows.entries.splice(3, 1);
    expect((await ask("GET", "/api/v1/journal/verify")).json).toMatchObject({
      ok: false,
      bad: { writer: "aa", no: 4, position: null },
    });
  });
});

describe("failures", () => {
  test("of the store are 503, and are told apart from our own", async () => {
    const { ask, operations, lines } = opened();
    operations.failure = new StoreUnreachable("connect ECONNREFUSED postgres://u:secret@h");
    const lost = await ask("GET", "/api/v1/status");
    expect(lost).toMatchObject({ status: 503, json: { error: { code: "store.unreachable" } } });
    operations.failure = new Error("a bug");
    const failed = await ask("GET", "/api/v1/status");
    expect(failed).toMatchObject({ status: 500, json: { error: { code: "control.error" } } });
    expect(failed.text).not.toContain("a bug");
    expect(lines.join("")).toContain("a bug");
    expect(lines.join("")).not.toContain("secret");
  });
});

test("the listener serves over a socket and stops while a connection is kept open", async () => {
  const operations = new MemoryOperations();
  const clock = operations.clock;
  const log = createLog({ clock, write: () => {}, level: "error", form: "json" });
  const listener = await listenControl({ operations, clock, log }, { host: "127.0.0.1", port: 0 });
  const headers = { authorization: `Bearer ${TOKENS.viewer}`, connection: "keep-alive" };
  const response = await fetch(`${listener.url}/api/v1/status`, { headers });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  await listener.close();
  await expect(fetch(listener.url)).rejects.toThrow();
});

describe("pausing and deciding", () => {
  test("agents are shown with their clutch, and paused for a reason", async () => {
    const { ask, operations } = opened();
    const body = { agents: ["support"], reason: " odd answers " };
    const paused = await ask("POST", "/api/v1/agents/pause", { body, token: TOKENS.operator });
    expect(paused.status).toBe(200);
    expect(operations.done).toEqual(["pause support by the-operator: odd answers"]);
    const agents = await ask("GET", "/api/v1/agents", { token: TOKENS.viewer });
    const shown = { agent: "support", clutch: "disengaged", review: "r-0", task: null, held: 2 };
    expect(agents.json).toEqual([{ ...shown, since: "2026-01-02T00:00:00.000Z" }]);
    expect(paused.json).toEqual({ agents: agents.json });
    expect((await ask("GET", "/api/v1/status")).json.agents_paused).toEqual(["support"]);
  });

  test("a pause that the store has not is said to be one of this gateway alone", async () => {
    const { ask, operations } = opened();
    operations.unstored = true;
    const body = { all: true, reason: "x" };
    const { json, status } = await ask("POST", "/api/v1/agents/pause", { body });
    expect(status).toBe(503);
    expect(json.error).toMatchObject({ code: "pause.unstored" });
    expect(json.error.message).toContain("support");
  });

  test.each([
    [{}],
    [{ reason: "x" }],
    [{ all: false, reason: "x" }],
    [{ agents: [], reason: "x" }],
    [{ agents: ["support"] }],
    [{ agents: ["support"], reason: "  " }],
    [{ agents: ["support"], reason: "x".repeat(501) }],
    [{ agents: ["support"], all: true, reason: "x" }],
    [{ agents: "support", reason: "x" }],
    [{ agents: ["a\nb"], reason: "x" }],
    ["no json"],
  ])("a pause like %j is malformed, and stops nobody", async (body) => {
    const { ask, operations } = opened();
    const { json, status } = await ask("POST", "/api/v1/agents/pause", { body });
    expect({ status, code: json.error.code }).toEqual({ status: 400, code: "request.malformed" });
    expect(operations.done).toEqual([]);
  });

  test("one agent that does not exist keeps the request from stopping any", async () => {
    const { ask, operations } = opened();
    const body = { agents: ["support", "nobody"], reason: "x" };
    const { json, status } = await ask("POST", "/api/v1/agents/pause", { body });
    expect({ status, code: json.error.code }).toEqual({ status: 404, code: "agent.unknown" });
    expect(operations.done).toEqual([]);
  });

  test("reviews are listed by state and agent, and shown whole with their evidence", async () => {
    const { ask, operations } = opened();
    operations.reviewRows.push(review("r-a"), review("r-b", { state: "closed" }));
    const open = await ask("GET", "/api/v1/reviews?state=open&agent=support");
    const row = { id: "r-a", agent: "support", kind: "trip", reason: "the same call 9 times" };
    const rest = { opened_at: "2026-01-02T00:00:00.000Z", parked: 0, version: 0, state: "open" };
    expect(open.json).toEqual([{ ...row, ...rest }]);
    expect((await ask("GET", "/api/v1/reviews")).json).toHaveLength(2);
    expect((await ask("GET", "/api/v1/reviews?agent=other")).json).toEqual([]);
    const whole = await ask("GET", "/api/v1/reviews/r-a");
    expect(whole.json.evidence).toEqual({
      ...{ rule: "stuck", tool: "echo", numbers: { calls: 9, limit: 8 } },
    });
    expect((await ask("GET", "/api/v1/reviews/none")).json.error.code).toBe("review.unknown");
    for (const query of ["state=odd", "limit=0", "limit=1001", "id=r-a", "agent="]) {
      expect((await ask("GET", `/api/v1/reviews?${query}`)).status, query).toBe(400);
    }
  });

  test("evidence that is no JSON is shown as it is", async () => {
    const { ask, operations } = opened();
    operations.reviewRows.push(review("r-a", { evidence: "{half" }));
    expect((await ask("GET", "/api/v1/reviews/r-a")).json.evidence).toBe("{half");
  });

  test("a decision names the version it was made on, and is kept with who made it", async () => {
    const { ask, operations } = opened();
    operations.reviewRows.push(review("r-a", { version: 3 }));
    operations.taskRecords.push(task("t1"));
    const path = "/api/v1/reviews/r-a/decision";
    const stale = await ask("POST", path, {
      body: { version: 2, decision: "resume", reason: "x" },
    });
    expect(stale.status).toBe(409);
    expect(stale.json.error).toMatchObject({ code: "review.conflict" });
    expect(stale.json.error.message).toContain("version 3");
    const lost = { version: 3, decision: "probe", task: "none", reason: "x" };
    expect((await ask("POST", path, { body: lost })).json.error.code).toBe("task.unknown");
    const probe = { version: 3, decision: "probe", task: "t1", reason: "look" };
    const probed = await ask("POST", path, { body: probe, token: TOKENS.operator });
    expect(probed.json).toMatchObject({ version: 4, state: "open" });
    expect(probed.json.decisions).toEqual([
      {
        ...{ call: null, decision: "probe", by: "the-operator", reason: "look", task: "t1" },
        at: "2026-01-03T00:00:00.000Z",
      },
    ]);
    const resume = { version: 4, decision: "resume", reason: "fine" };
    expect((await ask("POST", path, { body: resume })).json.state).toBe("closed");
    const again = await ask("POST", path, { body: { ...resume, version: 5 } });
    expect(again.json.error).toMatchObject({ code: "review.nothing" });
    const none = await ask("POST", "/api/v1/reviews/none/decision", { body: resume });
    expect(none.json.error).toMatchObject({ code: "review.unknown" });
  });

  test("what is proposed is shown, with which decisions take two", async () => {
    const { ask, operations } = opened();
    operations.reviewRows.push(review("r-a"));
    operations.takesTwo.push("resume");
    const said = {
      decision: "resume",
      task: null,
      call: null,
      message: "Go.",
      limit: null,
    } as const;
    const by = { by: "ada", reason: "looked", at: Date.UTC(2026, 0, 2) };
    operations.proposals.set("r-a", { ...said, arguments: null, ...by });
    const { json } = await ask("GET", "/api/v1/reviews/r-a");
    expect(json).toMatchObject({ two_people: ["resume"] });
    const at = "2026-01-02T00:00:00.000Z";
    expect(json.proposal).toEqual({ ...said, arguments: null, ...by, at });
  });

  test("the arguments of a call that waits are shown to operators, with who looked", async () => {
    const { ask, operations } = opened();
    operations.parkedRows.push(parkedRow({}));
    const path = "/api/v1/reviews/r-a/calls/d-a";
    const { json } = await ask("GET", path, { token: TOKENS.operator });
    const asked = { server: "desk", tool: "echo", arguments: { amount: 900 } };
    expect(json).toEqual({ call: "d-a", task: "t1", ...asked });
    expect(operations.done).toEqual(["look at d-a by the-operator"]);
    const none = await ask("GET", "/api/v1/reviews/r-a/calls/none", { token: TOKENS.operator });
    expect(none).toMatchObject({ status: 404, json: { error: { code: "call.unknown" } } });
  });

  test("a change says what it changes, and nothing else does", async () => {
    const { ask, operations } = opened();
    operations.reviewRows.push(review("r-a"));
    const path = "/api/v1/reviews/r-a/decision";
    const asked = { version: 0, reason: "x" };
    for (const body of [
      { ...asked, decision: "change" },
      { ...asked, decision: "change", call: "d-a" },
      { ...asked, decision: "change", limit: 750 },
      { ...asked, decision: "change", limit: "-1" },
      { ...asked, decision: "change", limit: "1e9" },
      { ...asked, decision: "change", arguments: [1] },
      { ...asked, decision: "resume", limit: "750" },
      { ...asked, decision: "resume", arguments: {} },
      { ...asked, decision: "end", task: "t1", message: "m" },
    ]) {
      expect((await ask("POST", path, { body })).status, JSON.stringify(body)).toBe(400);
    }
    const body = { ...asked, decision: "change", limit: "750.5", message: "m" };
    expect((await ask("POST", path, { body })).status).toBe(200);
  });

  test("a limit is raised by admins, and shown with what is configured", async () => {
    const { ask, operations } = opened();
    const body = { budget: "support-monthly", limit: "750", reason: "refunds" };
    const { json } = await ask("POST", "/api/v1/overrides", { body, token: TOKENS.admin });
    expect(json).toEqual({
      ...{ budget: "support-monthly", scope: "", unit: "usd", limit_usd: "750" },
      ...{ spent_usd: "0.000000005", window_ends_at: "2026-02-01T00:00:00.000Z" },
    });
    expect(operations.done).toEqual(["raise support-monthly  to 750 by the-admin: refunds"]);
    for (const [change, code] of [
      [{ budget: "none" }, "budget.unknown"],
      [{ limit: "1" }, "budget.not-raised"],
      [{ limit: 750 }, "request.malformed"],
      [{ reason: "" }, "request.malformed"],
    ] as const) {
      const refused = await ask("POST", "/api/v1/overrides", { body: { ...body, ...change } });
      expect(refused.json.error.code).toBe(code);
    }
    operations.overrideRows.push({
      ...{ id: "o-1", account: 1, budget: "tokens", scope: "support", unit: "tokens" },
      ...{ window: "lifetime", starts: 0, ends: null, limit: 9n, configured: 5n },
      ...{ reason: "r", by: "ada", at: Date.UTC(2026, 0, 2), review: "r-a" },
    });
    const rows = (await ask("GET", "/api/v1/overrides", { token: TOKENS.viewer })).json;
    expect(rows).toMatchObject([
      { budget: "tokens", limit_tokens: "9", configured_tokens: "5", window_ends_at: null },
    ]);
  });

  test.each([
    [{}],
    [{ version: 0, decision: "resume" }],
    [{ version: 0, decision: "resume", reason: "" }],
    [{ version: 0, decision: "resume", reason: "x", task: "t1" }],
    [{ version: 0, decision: "probe", reason: "x" }],
    [{ version: 0, decision: "end", reason: "x", task: "" }],
    [{ version: -1, decision: "resume", reason: "x" }],
    [{ version: 0.5, decision: "resume", reason: "x" }],
    [{ version: "0", decision: "resume", reason: "x" }],
    [{ decision: "resume", reason: "x" }],
    [{ version: 0, decision: "calm", reason: "x" }],
    [{ version: 0, decision: "resume", reason: "x", by: "somebody else" }],
  ])("a decision like %j is malformed, and changes nothing", async (body) => {
    const { ask, operations } = opened();
    operations.reviewRows.push(review("r-a"));
    const { json, status } = await ask("POST", "/api/v1/reviews/r-a/decision", { body });
    expect({ status, code: json.error.code }).toEqual({ status: 400, code: "request.malformed" });
    expect(operations.done).toEqual([]);
  });
});
