/** The decision log of slipclutch.yaml: what it becomes, and every way in which it is wrong. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { decisionLogOf } from "../../../src/config/decision-log.ts";
import { decisionLog } from "../../../src/config/decision-log-schema.ts";
import { readFileText } from "../../../src/config/file.ts";
import { holdsSecret } from "../../../src/config/issues.ts";

const FILE = "/var/log/slipclutch/decisions.jsonl";
const HTTP = { url: "https://logs.example.com/opa" };
const OTEL = { url: "https://collector.example.com:4318" };

/** As slipclutch.yaml is read, with this field alone. */
function read(raw: unknown, environment = {}) {
  const text = JSON.stringify(raw === undefined ? {} : { decision_log: raw });
  const schema = z.strictObject({ decision_log: decisionLog.optional() });
  const file = { file: "slipclutch.yaml", text };
  const { data, issues, source } = readFileText(file, schema, environment);
  if (data === null) return { settings: null, issues };
  return decisionLogOf(data.decision_log, source);
}

function settings(raw: unknown, environment = {}) {
  const { issues, settings: found } = read(raw, environment);
  expect(issues).toEqual([]);
  return found;
}

describe("the decision log", () => {
  test("is not there unless it is written", () => {
    expect(settings(undefined)).toBe(null);
  });

  test("has a file, a service, a collector, or all of them", () => {
    const none = { file: null, http: null, otel: null, labels: {} };
    expect(settings({ file: FILE })).toEqual({ ...none, file: FILE });
    const http = { ...HTTP, token: null, headers: {} };
    expect(settings({ http: HTTP })).toEqual({ ...none, http });
    expect(settings({ otel: OTEL })).toEqual({ ...none, otel: { ...OTEL, headers: {} } });
    const written = {
      file: FILE,
      http: { ...HTTP, token: "${TOKEN}", headers: { "x-tenant": "acme" }, allow_http: false },
      otel: { ...OTEL, headers: { "api-key": "${KEY}" } },
      labels: { region: "eu", stage: "prod" },
    };
    expect(settings(written, { TOKEN: "s3cret-token", KEY: "s3cret-key" })).toEqual({
      file: FILE,
      http: { ...HTTP, token: "s3cret-token", headers: { "x-tenant": "acme" } },
      otel: { ...OTEL, headers: { "api-key": "s3cret-key" } },
      labels: { region: "eu", stage: "prod" },
    });
  });

  test.each(["http://127.0.0.1:9", "http://localhost:8080/opa", "http://[::1]:4318"])(
    "%s may be posted to as it is",
    (url) => {
      expect(settings({ http: { url }, otel: { url } })).not.toBe(null);
    },
  );

  test("plain http to another machine wants a word", () => {
    const url = "http://logs.internal:8080";
    const { issues } = read({ http: { url }, otel: { url } });
    expect(issues.map(({ path }) => path)).toEqual([
      "decision_log.http.url",
      "decision_log.otel.url",
    ]);
    expect(issues[0]?.expected).toContain("https://");
    settings({ http: { url, allow_http: true }, otel: { url, allow_http: true } });
  });
});

const AUTHORIZATION = { Authorization: "Bearer very-secret" };
const PLACES: readonly (readonly [string, unknown, string, string])[] = [
  ["nothing", {}, "", "at least one of file, http and otel"],
  ["labels alone", { labels: { a: "b" } }, "", "at least one of file, http and otel"],
  ["an unknown field", { file: FILE, console: true }, ".console", "a field that this file has"],
  ["a path from somewhere", { file: "decisions.jsonl" }, ".file", "an absolute path of a file"],
  ["a folder", { file: "/var/log/" }, ".file", "an absolute path of a file"],
  ["an end within it", { file: "/var/log/a\0b" }, ".file", "an absolute path of a file"],
  ["no address", { http: {} }, ".http.url", "a URL like"],
  ["a query", { http: { url: "https://a.example/?k=1" } }, ".http.url", "a URL like"],
  ["a user", { otel: { url: "https://u:p@a.example" } }, ".otel.url", "a URL like"],
  [
    "no header",
    { otel: { ...OTEL, headers: { "x-a": "1\n2" } } },
    ".otel.headers.x-a",
    "a header's",
  ],
  [
    "a header of ours",
    { http: { ...HTTP, headers: { "Content-Encoding": "very-secret" } } },
    ".http.headers.Content-Encoding",
    "a header that is not the gateway's own",
  ],
  [
    "two authorizations",
    { http: { ...HTTP, token: "very-secret", headers: AUTHORIZATION } },
    ".http.headers.Authorization",
    "no other authorization beside token",
  ],
  [
    "a token of two words",
    { http: { ...HTTP, token: "very secret" } },
    ".http.token",
    "a token of",
  ],
  ["no token", { http: { ...HTTP, token: "${TOKEN}" } }, ".http.token", "the environment variable"],
  ["a label of ours", { file: FILE, labels: { id: "x" } }, ".labels.id", "a label that is not"],
  [
    "another one",
    { file: FILE, labels: { version: "1" } },
    ".labels.version",
    "a label that is not",
  ],
  ["no text", { file: FILE, labels: { a: 1 } }, ".labels.a", "a name of 1 to 128"],
  [
    "too many",
    {
      file: FILE,
      labels: Object.fromEntries(Array.from({ length: 33 }, (_, no) => [`l${no}`, "x"])),
    },
    ".labels",
    "at most 32 names",
  ],
];

describe("what is wrong with it is told with its place", () => {
  test.each(PLACES)("%s", (_, raw, path, expected) => {
    const { issues } = read(raw);
    expect(issues).toContainEqual(
      expect.objectContaining({
        path: `decision_log${path}`,
        expected: expect.stringContaining(expected),
      }),
    );
    for (const issue of issues) expect(issue.hint).not.toBe("");
  });

  test("nothing of a token or a header is shown", () => {
    const headers = { "content-type": "very-secret", authorization: "very-secret" };
    const { issues } = read({ http: { ...HTTP, token: "very-secret", headers }, otel: OTEL });
    const misfits = read({
      http: { ...HTTP, token: "very secret", headers: { a: "very\nsecret" } },
    });
    expect([issues.length, misfits.issues.length]).toEqual([2, 2]);
    expect(JSON.stringify([issues, misfits])).not.toMatch(/very.{1,2}secret/);
  });

  test("one authorization is as good as another", () => {
    settings({ http: { ...HTTP, headers: AUTHORIZATION } });
  });
});

test("what is secret there is no part of the digest, and of no message", () => {
  expect(holdsSecret(["decision_log", "http", "token"])).toBe(true);
  expect(holdsSecret(["decision_log", "http", "headers", "x-key"])).toBe(true);
  expect(holdsSecret(["decision_log", "otel", "headers", "x-key"])).toBe(true);
  expect(holdsSecret(["decision_log", "http", "url"])).toBe(false);
  expect(holdsSecret(["decision_log", "file"])).toBe(false);
});
