/** The notifiers of slipclutch.yaml → complete settings. */
import type { Manifest } from "../guards/manifest/manifest.ts";
import { NOTICE_KINDS } from "../guards/notice/notice.ts";
import { fits, hasLabels, type Labels } from "../guards/notice/route.ts";
import type { Issue, NotifierRoad, NotifierSettings } from "./configuration.ts";
import { issueAt, otherName } from "./issues.ts";
import type { RawNotifier } from "./notifier-schema.ts";
import type { Source } from "./source.ts";

/** A shorter one could be guessed from what it signed. */
const SECRET_CHARS_MIN = 16;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/** What says what is sent, how long it is and that it is ours: no extra header may. */
const OWN_HEADERS =
  /^(host|connection|content-length|content-type|content-encoding|transfer-encoding|expect|upgrade|slipclutch-.*)$/i;

interface Notifiers {
  readonly notifiers: readonly NotifierSettings[];
  readonly issues: readonly Issue[];
}

/** `agents`: null while manifests do not hold, and nothing can be said against them. */
export function notifiersOf(
  raw: Readonly<Record<string, RawNotifier>> | undefined,
  source: Source,
  agents: ReadonlyMap<string, Manifest> | null,
): Notifiers {
  const issues: Issue[] = [];
  const notifiers = Object.entries(raw ?? {}).flatMap(([name, one]) => {
    const refuse: Refuse = (path, expected, hint) =>
      issues.push(issueAt(source, ["notifiers", name, ...path], expected, hint));
    if (agents !== null) checkRoute(one, agents, refuse);
    const road = roadOf(name, one, refuse);
    return road === null ? [] : [{ road, route: routeOf(one) }];
  });
  return { notifiers, issues };
}

type Refuse = (path: readonly (string | number)[], expected: string, hint: string) => unknown;

function routeOf({ agents, labels, on }: RawNotifier): NotifierSettings["route"] {
  return { agents: agents ?? ["*"], labels: labelsOf(labels), on: on ?? NOTICE_KINDS };
}

function labelsOf(raw: RawNotifier["labels"]): Labels {
  const given = Object.entries(raw ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

function roadOf(name: string, raw: RawNotifier, refuse: Refuse): NotifierRoad | null {
  switch (raw.kind) {
    case "slack":
      return slackOf(name, raw, refuse);
    case "webhook":
      return webhookOf(name, raw, refuse);
  }
}

function slackOf(name: string, raw: RawNotifier, refuse: Refuse): NotifierRoad | null {
  for (const key of ["url", "secret", "previous_secret", "headers", "allow_http"] as const) {
    if (raw[key] === undefined) continue;
    refuse([key], "nothing here for this kind", "Remove it: it belongs to kind: webhook.");
  }
  const { webhook_url: webhookUrl } = raw;
  if (webhookUrl === undefined) {
    const hint = "Add webhook_url: ${SLACK_WEBHOOK_URL}, the address of an incoming webhook.";
    refuse(["webhook_url"], "the address that Slack gave you", hint);
    return null;
  }
  if (!isSafe(webhookUrl)) {
    refuse(["webhook_url"], "a URL that begins with https://", "Write https: Slack has no other.");
  }
  return { kind: "slack", name, webhookUrl };
}

function webhookOf(name: string, raw: RawNotifier, refuse: Refuse): NotifierRoad | null {
  const { allow_http, headers = {}, previous_secret, secret, url, webhook_url } = raw;
  if (webhook_url !== undefined) {
    const hint = "Write url: webhook_url belongs to kind: slack.";
    refuse(["webhook_url"], "nothing here for this kind", hint);
  }
  for (const key of ["secret", "previous_secret"] as const) {
    if ((raw[key]?.length ?? SECRET_CHARS_MIN) >= SECRET_CHARS_MIN) continue;
    const hint = "`openssl rand -hex 32` makes one; give the same to the receiver.";
    refuse([key], `a secret of at least ${SECRET_CHARS_MIN} characters`, hint);
  }
  for (const header of Object.keys(headers)) {
    if (!OWN_HEADERS.test(header)) continue;
    refuse(["headers", header], "a header that is not the gateway's own", "Remove it.");
  }
  if (url === undefined) refuse(["url"], "where events are posted", "Add url: https://host/path.");
  if (secret === undefined) {
    const hint = "Add secret: ${NAME}; `openssl rand -hex 32` makes one. Nothing is sent unsigned.";
    refuse(["secret"], "the secret that signs", hint);
  }
  if (url === undefined || secret === undefined) return null;
  if (!isSafe(url) && allow_http !== true) {
    const hint = "Write https, or add allow_http: true if the network in between is yours alone.";
    refuse(["url"], "a URL that begins with https://, or is on this machine", hint);
  }
  const secrets = previous_secret === undefined ? [secret] : [secret, previous_secret];
  return { kind: "webhook", name, url, secrets, headers };
}

function isSafe(url: string): boolean {
  const { hostname, protocol } = new URL(url);
  return protocol === "https:" || LOOPBACK.test(hostname);
}

/** A route that matches nobody tells nobody, and says so now. */
function checkRoute(raw: RawNotifier, agents: ReadonlyMap<string, Manifest>, refuse: Refuse): void {
  const names = [...agents.keys()];
  for (const [index, pattern] of (raw.agents ?? []).entries()) {
    if (names.some((name) => fits(pattern, name))) continue;
    const hint = pattern.includes("*") ? "It would tell of nobody." : otherName(pattern, names);
    refuse(["agents", index], "an agent that exists", hint);
  }
  if (raw.labels === undefined) return;
  const labels = labelsOf(raw.labels);
  if ([...agents.values()].some((manifest) => hasLabels(labels, manifest.labels))) return;
  const hint = "Set them in a manifest, or correct them: it would tell of nobody.";
  refuse(["labels"], "labels that an agent has, all of them", hint);
}
