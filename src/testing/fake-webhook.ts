/**
 * A receiver of signed CloudEvents that trusts nobody: the signature over the moment and the body,
 * the moment itself, the attributes that CloudEvents 1.0 requires. Copies it knows by their id.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../ports/clock.ts";
import { type Arrived, type Checked, type FarEnd, farEnd } from "./far-end.ts";

/** Older or younger ones are replays, or from a clock that is wrong. */
const REPLAY_MS = 300_000;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

export interface CloudEvent {
  readonly id: string;
  readonly type: string;
  readonly subject?: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** An event of this source and id came before. */
  readonly isCopy: boolean;
}

export interface FakeWebhook extends FarEnd<CloudEvent> {
  /** The one secret that it has from now on. */
  expect(secret: string): void;
}

export async function fakeWebhook(given: string, clock: Clock): Promise<FakeWebhook> {
  let secret = given;
  const known = new Set<string>();
  const end = await farEnd("/hooks?for=slipclutch", (arrived): Checked<CloudEvent> => {
    const why = wrongIn(arrived, secret, clock);
    if (why !== null) return { ok: false, why, status: why.includes("signature") ? 401 : 400 };
    const event = JSON.parse(arrived.body);
    const key = `${event.source} ${event.id}`;
    const isCopy = known.has(key);
    known.add(key);
    const { data, id, subject, type } = event;
    const about = subject === undefined ? {} : { subject };
    return { ok: true, body: "", received: { id, type, ...about, data, isCopy } };
  });
  return Object.assign(end, {
    expect: (other: string) => {
      secret = other;
    },
  });
}

function wrongIn({ body, headers, method }: Arrived, secret: string, clock: Clock): string | null {
  if (method !== "POST") return "another method than POST";
  if (!/^application\/cloudevents\+json\b/.test(headers["content-type"] ?? "")) return "its type";
  const timestamp = String(headers["slipclutch-timestamp"]);
  if (!/^\d+$/.test(timestamp)) return "no timestamp";
  if (Math.abs(Number(timestamp) * 1_000 - clock.wall()) > REPLAY_MS) return "an old timestamp";
  const own = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest();
  const given = String(headers["slipclutch-signature"]).split(",");
  const isSigned = given.some((one) => {
    const [, digest = ""] = /^v1=([0-9a-f]{64})$/.exec(one.trim()) ?? [];
    const bytes = Buffer.from(digest, "hex");
    return bytes.length === own.length && timingSafeEqual(bytes, own);
  });
  if (!isSigned) return "no signature by our secret";
  const event = JSON.parse(body);
  if (event.specversion !== "1.0") return "another specversion";
  for (const name of ["id", "source", "type"]) {
    if (typeof event[name] !== "string" || event[name] === "") return `no ${name}`;
  }
  if (!TIME.test(event.time)) return "a time that is none";
  if (event.datacontenttype !== "application/json") return "data of another type";
  return typeof event.data === "object" && event.data !== null ? null : "no data";
}
