/** Both notifiers before far ends that check what the real ones check. */
import { expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { slackNotifier } from "../../src/adapters/notifier/slack/slack-notifier.ts";
import { webhookNotifier } from "../../src/adapters/notifier/webhook/webhook-notifier.ts";
import { fakeSlack } from "../../src/testing/fake-slack.ts";
import { fakeWebhook } from "../../src/testing/fake-webhook.ts";
import {
  messageFor,
  type NotifierFixture,
  notifierConformance,
} from "../../src/testing/notifier-conformance.ts";
import { testClock } from "../../src/testing/test-clock.ts";

const SECRET = "whsec-of-the-fixture";
const OLD = "whsec-of-last-month";
const MS = 10_000;

async function slack(): Promise<NotifierFixture> {
  const far = await fakeSlack();
  const settings = { kind: "slack", name: "chat", webhookUrl: far.url } as const;
  const notifier = slackNotifier(settings, systemClock);
  const dispose = async () => {
    await notifier.close();
    await far.close();
  };
  const read = () => far.received.map(({ links, shown }) => [shown, ...links].join("\n"));
  const secrets = [far.url, new URL(far.url).pathname];
  return { notifier, far, read, dispose, secrets };
}

async function webhook(secrets: readonly string[] = [SECRET], clock = systemClock) {
  const far = await fakeWebhook(SECRET, clock);
  const headers = { "x-tenant": "acme", "x-token": "tenant-token-1" };
  const settings = { kind: "webhook", name: "pager", url: far.url, secrets, headers } as const;
  const notifier = webhookNotifier(settings, clock);
  const dispose = async () => {
    await notifier.close();
    await far.close();
  };
  const read = () => far.received.map(({ data }) => Object.values(data).map(String).join("\n"));
  const hidden = [...secrets, "tenant-token-1", far.url, "/hooks?for=slipclutch"];
  return { notifier, far, read, dispose, secrets: hidden };
}

notifierConformance("slack", slack, { refused: [400, 403, 404, 410] });
notifierConformance("webhook", webhook, { refused: [400, 410, 413, 415, 422] });

test("a webhook's headers are sent, and its own are its own", async () => {
  const { dispose, far, notifier } = await webhook();
  await notifier.deliver(messageFor(), MS);
  expect(far.arrived[0]?.headers).toMatchObject({
    "x-tenant": "acme",
    "content-type": "application/cloudevents+json; charset=utf-8",
    "slipclutch-timestamp": expect.stringMatching(/^\d{10}$/),
    "slipclutch-signature": expect.stringMatching(/^v1=[0-9a-f]{64}$/),
  });
  expect(far.arrived[0]?.path).toBe("/hooks?for=slipclutch");
  await dispose();
});

test("while secrets are changed a receiver may have either, and no other", async () => {
  const { dispose, far, notifier } = await webhook([SECRET, OLD]);
  for (const secret of [SECRET, OLD]) {
    far.expect(secret);
    expect((await notifier.deliver(messageFor(), MS)).kind).toBe("ok");
  }
  far.expect("another-secret-entirely");
  expect(await notifier.deliver(messageFor(), MS)).toMatchObject({
    ...{ kind: "retry", because: "status 401: no signature by our secret" },
  });
  await dispose();
});

test("each attempt is signed at its own moment: one that is replayed later is not taken", async () => {
  const clock = testClock(Date.now());
  const { dispose, far, notifier } = await webhook([SECRET], clock);
  expect((await notifier.deliver(messageFor(), MS)).kind).toBe("ok");
  const [{ body = "", headers = {} } = {}] = far.arrived;
  clock.advance(301_000);
  const replayed = await fetch(far.url, {
    method: "POST",
    headers: {
      "content-type": String(headers["content-type"]),
      "slipclutch-timestamp": String(headers["slipclutch-timestamp"]),
      "slipclutch-signature": String(headers["slipclutch-signature"]),
    },
    body,
  });
  expect([replayed.status, await replayed.text()]).toEqual([400, "an old timestamp"]);
  expect((await notifier.deliver(messageFor(), MS)).kind).toBe("ok");
  // The same event, which its receiver knows by its id.
  expect(far.received.map(({ isCopy }) => isCopy)).toEqual([false, true]);
  await dispose();
});
