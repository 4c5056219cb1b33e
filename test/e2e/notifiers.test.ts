/** People are told: through real processes, to far ends that check what the real ones check. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "./clients-world.ts";
import { type FarEnds, farEnds, folderWith, hookOf, slackOf } from "./notifiers-world.ts";

/** From the trip to the far end. */
const TOLD_MS = 2_000;

let ends: FarEnds;
const gateways: TestGateway[] = [];

beforeEach(async () => {
  ends = await farEnds();
});

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  await ends.close();
});

async function start(
  notifiers: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<TestGateway> {
  const gateway = await startGateway({ config: folderWith(ends, notifiers, more) });
  gateways.push(gateway);
  return gateway;
}

async function pause(gateway: TestGateway, agent = "worker"): Promise<void> {
  const body = { agents: [agent], reason: "a look at its <answers> & costs" };
  expect((await gateway.api("POST", "/api/v1/agents/pause", body)).status).toBe(200);
}

test("a pause is told to both within two seconds, and so is its end", async () => {
  const gateway = await start({ chat: slackOf(ends), pager: hookOf(ends) });
  await pause(gateway);
  const pausedAt = performance.now();
  await until(() => ends.hook.received.length === 1 && ends.slack.received.length === 1);
  expect(performance.now() - pausedAt).toBeLessThan(TOLD_MS);
  const [event] = ends.hook.received;
  expect(event).toMatchObject({
    type: "dev.slipclutch.review.opened",
    data: { kind: "pause", agent: "worker", reason: "a look at its <answers> & costs" },
  });
  const [message] = ends.slack.received;
  expect(message?.shown).toContain("worker is paused. a look at its <answers> & costs");
  expect(message?.links).toEqual([expect.stringContaining(`/r/${event?.subject}?`)]);

  const resumed = await gateway.cli("agents", "resume", "worker", "--reason", "all is well");
  expect(resumed.code).toBe(0);
  await until(() => ends.hook.received.length === 2 && ends.slack.received.length === 2);
  expect(ends.hook.received[1]).toMatchObject({
    type: "dev.slipclutch.review.closed",
    subject: event?.subject,
    data: { decided: { decision: "resume", by: "local", reason: "all is well" } },
  });
  expect(ends.slack.received[1]?.shown).toContain("local decided resume. all is well");
  expect([...ends.hook.wrong, ...ends.slack.wrong]).toEqual([]);
});
