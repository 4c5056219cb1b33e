/** Browsers: a cookie in the place of a token, and whose requests with it count. */
import { expect, test } from "vitest";
import { SESSION_MS } from "../../../src/compose/door.ts";
import { FAILURES_MAX } from "../../../src/control/access.ts";
import { controlApp } from "../../../src/control/server.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { checkAnswer } from "../../support/api-document.ts";
import { MemoryOperations, TOKENS } from "./operations.ts";

type Headers = Record<string, string>;

function opened() {
  const clock = testClock();
  const operations = new MemoryOperations(clock);
  const log = createLog({ clock, write: () => undefined, level: "debug", form: "json" });
  const app = controlApp({ operations, clock, log });
  const ask = async (method: string, path: string, headers: Headers = {}, body?: unknown) => {
    const json = { host: "127.0.0.1:4142", "content-type": "application/json", ...headers };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const init = { method, headers: json, ...(body === undefined ? {} : { body: text }) };
    const response = await app.request(path, init, {});
    await checkAnswer(method, path, response);
    const answer = await response.text();
    const { status } = response;
    return { status, headers: response.headers, json: answer === "" ? null : JSON.parse(answer) };
  };
  const signIn = async (token: string, headers: Headers = {}) => {
    const { headers: answered, status } = await ask("POST", "/api/v1/session", headers, { token });
    expect(status).toBe(204);
    const set = answered.get("set-cookie") ?? "";
    return { set, cookie: set.split(";")[0] ?? "" };
  };
  return { ask, clock, operations, signIn };
}

const OWN = { origin: "http://127.0.0.1:4142" };
const PAUSE = { agents: ["support"], reason: "a test" };

test("a token is exchanged for a cookie that scripts cannot read and other sites do not send", async () => {
  const { ask, clock, signIn } = opened();
  const { cookie, set } = await signIn(TOKENS.operator);
  expect(set).toMatch(
    /^slipclutch_session=[\w-]{60,}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/,
  );
  expect(set).not.toContain(TOKENS.operator);
  const { json, status } = await ask("GET", "/api/v1/session", { cookie });
  const expires_at = new Date(clock.wall() + SESSION_MS).toISOString();
  expect({ status, json }).toEqual({
    status: 200,
    json: { name: "the-operator", role: "operator", expires_at },
  });
});

test("two sessions of one token have cookies that nothing can be told from", async () => {
  const { signIn } = opened();
  expect((await signIn(TOKENS.viewer)).cookie).not.toBe((await signIn(TOKENS.viewer)).cookie);
});

test("the cookie stays on connections that are private, where there is one", async () => {
  const { signIn } = opened();
  const secure = /; Secure; Max-Age=/;
  expect((await signIn(TOKENS.viewer, { "x-forwarded-proto": "https" })).set).toMatch(secure);
  expect((await signIn(TOKENS.viewer, { origin: "https://guard.example" })).set).toMatch(secure);
  expect((await signIn(TOKENS.viewer, OWN)).set).not.toMatch(secure);
});

test("a session has the role of its token, and changes carry its name", async () => {
  const { ask, operations, signIn } = opened();
  const viewer = await signIn(TOKENS.viewer);
  const refused = await ask(
    "POST",
    "/api/v1/agents/pause",
    { ...OWN, cookie: viewer.cookie },
    PAUSE,
  );
  expect(refused.json.error.code).toBe("role.insufficient");
  const { cookie } = await signIn(TOKENS.operator);
  const paused = await ask("POST", "/api/v1/agents/pause", { ...OWN, cookie }, PAUSE);
  expect(paused.status).toBe(200);
  expect(operations.done).toEqual(["pause support by the-operator: a test"]);
});

test("a session ends after twelve hours, when its token is revoked, and when that expires", async () => {
  const { ask, clock, operations, signIn } = opened();
  const stands = async (cookie: string) => {
    const { json, status } = await ask("GET", "/api/v1/session", { cookie });
    return status === 200 ? "stands" : json.error.code;
  };
  const viewer = await signIn(TOKENS.viewer);
  clock.advance(SESSION_MS - 1);
  expect(await stands(viewer.cookie)).toBe("stands");
  clock.advance(1);
  expect(await stands(viewer.cookie)).toBe("session.ended");

  const operator = await signIn(TOKENS.operator);
  await operations.revokeKey("key_operator", "the-admin");
  expect(await stands(operator.cookie)).toBe("session.ended");

  const wanted = { kind: "operator", name: "short", role: "viewer", expiresInMs: 60_000 } as const;
  const made = await operations.createKey(wanted, "the-admin");
  const short = await signIn(made.kind === "ok" ? made.secret : "");
  expect(short.set).toContain("Max-Age=60");
  clock.advance(60_000);
  expect(await stands(short.cookie)).toBe("session.ended");
});

test("a cookie that was changed anywhere is nobody's, and locks nobody out", async () => {
  const { ask, signIn } = opened();
  const { cookie } = await signIn(TOKENS.viewer);
  const [name, value] = cookie.split("=") as [string, string];
  const others = ["x", "A".repeat(5_000), value.slice(0, -4), `${value}AAAA`];
  for (let at = 0; at < value.length - 1; at += 7) {
    const other = value[at] === "A" ? "B" : "A";
    others.push(value.slice(0, at) + other + value.slice(at + 1));
  }
  for (const other of others) {
    const { json, status } = await ask("GET", "/api/v1/session", { cookie: `${name}=${other}` });
    expect({ other, status, code: json.error.code }).toEqual({
      other,
      status: 401,
      code: "session.ended",
    });
  }
  expect(others.length).toBeGreaterThan(FAILURES_MAX);
  await signIn(TOKENS.viewer);
});

test("a header with a token counts, whatever cookie is beside it", async () => {
  const { ask } = opened();
  const headers = { authorization: `Bearer ${TOKENS.admin}`, cookie: "slipclutch_session=x" };
  const { json, status } = await ask("GET", "/api/v1/session", headers);
  expect({ status, json }).toEqual({
    status: 200,
    json: { name: "the-admin", role: "admin", expires_at: null },
  });
});

const ASKED: readonly (readonly [who: string, Headers, get: number, post: number])[] = [
  ["our own page", { "sec-fetch-site": "same-origin", ...OWN }, 200, 200],
  [
    "our own page, where a proxy gives us another name",
    {
      "sec-fetch-site": "same-origin",
      origin: "https://guard.example",
    },
    200,
    200,
  ],
  ["our own page over a plain connection", OWN, 200, 200],
  ["a person who types the address", { "sec-fetch-site": "none" }, 200, 403],
  ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }, 403, 403],
  ["another port", { "sec-fetch-site": "same-site", origin: "http://127.0.0.1:3000" }, 403, 403],
  ["another site over a plain connection", { origin: "http://evil.example" }, 403, 403],
  ["another port over a plain connection", { origin: "http://127.0.0.1:3000" }, 403, 403],
  ["a page without an origin", { origin: "null" }, 403, 403],
  ["what says nothing", {}, 200, 403],
];

test.each(ASKED)("with a cookie, %s may ask what it may", async (_who, headers, get, post) => {
  const { ask, operations, signIn } = opened();
  const { cookie } = await signIn(TOKENS.operator);
  const looked = await ask("GET", "/api/v1/agents", { ...headers, cookie });
  expect(looked.status).toBe(get);
  const paused = await ask("POST", "/api/v1/agents/pause", { ...headers, cookie }, PAUSE);
  expect(paused.status).toBe(post);
  if (post === 403) expect(paused.json.error.code).toBe("request.cross-site");
  expect(operations.done.length).toBe(post === 200 ? 1 : 0);
});

test("a body that is not said to be JSON is refused, as a form of any page could send it", async () => {
  const { ask, operations } = opened();
  const authorization = `Bearer ${TOKENS.admin}`;
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
    const headers = { authorization, "content-type": type };
    const { json, status } = await ask("POST", "/api/v1/agents/pause", headers, PAUSE);
    expect({ status, code: json.error.code }).toEqual({ status: 415, code: "request.not-json" });
  }
  expect(operations.done).toEqual([]);
  const headers = { authorization, "content-type": "Application/JSON; charset=utf-8" };
  expect((await ask("POST", "/api/v1/agents/pause", headers, PAUSE)).status).toBe(200);
});

test("failed attempts to sign in are slowed down like those of programs, and none is told why", async () => {
  const { ask } = opened();
  const attempt = (token: unknown) => ask("POST", "/api/v1/session", {}, { token });
  for (let count = 0; count < FAILURES_MAX; count += 1) {
    const { headers, json, status } = await attempt(count === 0 ? "sck_0123" : `sco_${count}`);
    expect(status).toBe(401);
    expect(json.error.code).toBe(count === 0 ? "token.agent" : "token.invalid");
    expect(headers.get("set-cookie")).toBeNull();
  }
  const slowed = await attempt("sco_again");
  expect(slowed.status).toBe(429);
  expect(Number(slowed.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await attempt(7)).json.error.code).toBe("request.malformed");
});

test("signing out takes the cookie away, also one that is no session any more", async () => {
  const { ask } = opened();
  const headers = { ...OWN, cookie: "slipclutch_session=gone" };
  const out = await ask("DELETE", "/api/v1/session", headers);
  expect(out.status).toBe(204);
  expect(out.headers.get("set-cookie")).toBe(
    "slipclutch_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0",
  );
  const other = { cookie: "slipclutch_session=x", "sec-fetch-site": "same-site" };
  expect((await ask("DELETE", "/api/v1/session", other)).status).toBe(403);
});
