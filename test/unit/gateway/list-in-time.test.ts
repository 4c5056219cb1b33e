import { expect, test } from "vitest";
import { LIST_WAIT_MS_MAX, listInTime } from "../../../src/gateway/tools/list-in-time.ts";
import { type OfferedTool, ToolServerUnreachable } from "../../../src/ports/tool-server.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

const TOOLS: readonly OfferedTool[] = [{ name: "echo", raw: { name: "echo" } }];

test("A list that comes in time is the answer, and no timer is left", async () => {
  const clock = testClock();
  expect(await listInTime({ list: async () => TOOLS }, clock)).toBe(TOOLS);
  expect(clock.waiting).toBe(0);
});

test("Nobody waits longer for one that does not come; it may still come", async () => {
  const clock = testClock();
  let come = (_: readonly OfferedTool[]) => {};
  const coming = new Promise<readonly OfferedTool[]>((resolve) => {
    come = resolve;
  });
  const listed = listInTime({ list: () => coming }, clock);
  clock.advance(LIST_WAIT_MS_MAX - 1);
  expect(clock.waiting).toBe(1);
  clock.advance(1);
  await expect(listed).rejects.toBeInstanceOf(ToolServerUnreachable);
  come(TOOLS);
  expect(await listInTime({ list: () => coming }, clock)).toBe(TOOLS);
});

test("A list that fails says why", async () => {
  const clock = testClock();
  const list = () => Promise.reject(new ToolServerUnreachable("away"));
  await expect(listInTime({ list }, clock)).rejects.toThrow("away");
  expect(clock.waiting).toBe(0);
});
