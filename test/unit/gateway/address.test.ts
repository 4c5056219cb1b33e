import { describe, expect, test } from "vitest";
import { addressOf } from "../../../src/gateway/address.ts";

const OPENAI = { kind: "model", format: "openai-chat" } as const;
const ANTHROPIC = { kind: "model", format: "anthropic-messages" } as const;

describe("the paths that are served", () => {
  test.each([
    ["POST", "/chat/completions", OPENAI],
    ["POST", "/v1/chat/completions", OPENAI],
    ["POST", "/v1/v1/chat/completions", OPENAI],
    ["POST", "/messages", ANTHROPIC],
    ["POST", "/v1/messages", ANTHROPIC],
    ["POST", "/v1/v1/messages", ANTHROPIC],
    ["GET", "/models", { kind: "models" }],
    ["GET", "/v1/models", { kind: "models" }],
    ["GET", "/v1/v1/models", { kind: "models" }],
    ["GET", "/guard/v1/budgets", { kind: "budgets" }],
    ["POST", "/guard/v1/tasks", { kind: "open-task" }],
    ["POST", "/guard/v1/tasks/fix-42/end", { kind: "end-task", id: "fix-42" }],
    ["POST", "/guard/v1/tasks/a%20b%2Fc/end", { kind: "end-task", id: "a b/c" }],
  ] as const)("%s %s, bare, with a query, and below a task", (method, path, place) => {
    expect(addressOf(method, path)).toEqual({ place, task: null });
    expect(addressOf(method, `${path}?beta=true`)).toEqual({ place, task: null });
    expect(addressOf(method, `${path}?`)).toEqual({ place, task: null });
    expect(addressOf(method, `${path}?a=${"x".repeat(5_000)}/../`)).toEqual({ place, task: null });
    expect(addressOf(method, `/t/fix-42${path}`)).toEqual({ place, task: "fix-42" });
    expect(addressOf(method, `/t/fix-42${path}?beta=true`)).toEqual({ place, task: "fix-42" });
  });

  test.each([
    ["/v1/data/agent/authz/allow", ["agent", "authz", "allow"]],
    ["/v1/data/agent/pii-check/a%2Fb", ["agent", "pii-check", "a/b"]],
    ["/v1/data/%C3%A9/%252F", ["é", "%2F"]],
    ["/v1/data/..", [".."]],
    ["/v1/data/a//b/", ["a", "", "b", ""]],
    ["/v1/data/", [""]],
    ["/v1/data", []],
  ])("POST %s names a document, part by part", (path, parts) => {
    const data = (query: string) => ({ kind: "data", path: parts, query });
    expect(addressOf("POST", path)).toEqual({ place: data(""), task: null });
    const more = "metrics&provenance=true?";
    expect(addressOf("POST", `${path}?${more}`)).toEqual({ place: data(more), task: null });
    expect(addressOf("POST", `/t/fix-42${path}`)).toEqual({ place: data(""), task: "fix-42" });
    for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
      expect(addressOf(method, path)).toBeNull();
    }
  });

  test("a task in the path is decoded once, whatever it says then", () => {
    const taskOf = (path: string) => addressOf("POST", path)?.task;
    expect(taskOf("/t/a%20b/v1/messages")).toBe("a b");
    expect(taskOf("/t/a%2Fb/v1/messages")).toBe("a/b");
    expect(taskOf("/t/a%252Fb/v1/messages")).toBe("a%2Fb");
    expect(taskOf("/t/%2e%2e/v1/messages")).toBe("..");
    expect(taskOf("/t/%C3%A9/messages")).toBe("é");
    expect(taskOf("/t/v1/messages")).toBe("v1");
    expect(taskOf("/t/t/t/messages")).toBeUndefined();
  });
});

describe("everything else is refused", () => {
  const nowhere = [
    "",
    "/",
    "*",
    "/v1",
    "/v1/",
    "/v1/v1/v1/messages",
    "/v1messages",
    "/v2/messages",
    "/messages/",
    "//messages",
    "/v1//messages",
    "/v1/messages/count_tokens",
    "/Messages",
    "/V1/messages",
    "/%6dessages",
    "/v1%2Fmessages",
    "/v1/./messages",
    "/v1/../messages",
    "/../messages",
    "/v1/messages;a=1",
    "/v1/messages#part",
    "/v1/messages\\",
    "http://127.0.0.1/v1/messages",
    "/v1/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/t/messages",
    "/t//messages",
    "/t/a/t/b/messages",
    "/t/a/../messages",
    "/t/a",
    "/t/a/",
    "/t/%E0%A4%A/messages",
    "/t/%zz/messages",
    "/v1/t/a/messages",
    "/v1/guard/v1/tasks",
    "/guard/v1/tasks/",
    "/guard/v1/tasks/a",
    "/guard/v1/tasks//end",
    "/guard/v1/tasks/a/b/end",
    "/guard/v1/tasks/%zz/end",
    "/guard/v1/tasks/a/end/",
    "/data/a",
    "/v1/v1/data/a",
    "/v0/data/a",
    "/v1/database",
    "/v1/Data/a",
    "/v1/data/%zz",
    "/v1/data/a/%E0%A4%A",
    "/constructor",
    "constructor",
    "__proto__",
    "toString",
  ];
  test.each(nowhere)("the path %j", (path) => {
    for (const method of ["POST", "GET"]) expect(addressOf(method, path)).toBeNull();
  });

  const elsewhere = [
    ["GET", "/v1/messages"],
    ["GET", "/v1/chat/completions"],
    ["GET", "/guard/v1/tasks"],
    ["GET", "/guard/v1/tasks/a/end"],
    ["POST", "/v1/models"],
    ["POST", "/guard/v1/budgets"],
  ] as const;
  test.each(elsewhere)("%s %s", (method, path) => {
    expect(addressOf(method, path)).toBeNull();
  });

  test("any method but GET and POST, as it is spelled", () => {
    for (const method of [
      "HEAD",
      "OPTIONS",
      "PUT",
      "DELETE",
      "PATCH",
      "CONNECT",
      "post",
      "get",
      "",
    ])
      for (const path of ["/v1/messages", "/v1/models", "/guard/v1/budgets", "/guard/v1/tasks"])
        expect(addressOf(method, path)).toBeNull();
  });

  test("a path of more than 512 characters, of which the query is no part", () => {
    const below = (chars: number) => `/t/${"x".repeat(chars - "/t//messages".length)}/messages`;
    expect(addressOf("POST", below(512))?.task).toBe("x".repeat(500));
    expect(addressOf("POST", `${below(512)}?q`)?.task).toBe("x".repeat(500));
    expect(addressOf("POST", below(513))).toBeNull();
  });
});
