/**
 * Slack's incoming webhooks, as far as they can be told from outside: the limits of Block Kit, the
 * escaping of its control characters, its answers.
 */
import { type Arrived, type Checked, type FarEnd, farEnd } from "./far-end.ts";

export const SLACK_PATH = "/services/T0000/B0000/not-a-secret";

export interface SlackMessage {
  /** All that a person reads, as it is shown. */
  readonly shown: string;
  readonly links: readonly string[];
}

export function fakeSlack(): Promise<FarEnd<SlackMessage>> {
  return farEnd(SLACK_PATH, check);
}

const BLOCKS_MAX = 50;
const TEXT_CHARS_MAX = 3_000;
const ELEMENTS_MAX = 10;
const LINK = /<(https?:\/\/[^|<>\s]+)\|([^<>|]*)>/g;

function check({ body, headers, method, path }: Arrived): Checked<SlackMessage> {
  if (path !== SLACK_PATH) return { ok: false, why: "no_service", status: 404 };
  if (method !== "POST") return { ok: false, why: "invalid_method", status: 405 };
  if (!/^application\/json\b/.test(headers["content-type"] ?? "")) return invalid("content type");
  let payload: Payload;
  try {
    payload = JSON.parse(body);
  } catch (error) {
    return invalid(String(error));
  }
  if (typeof payload.text !== "string" || payload.text === "") return invalid("no_text");
  const texts = [payload.text];
  const { blocks = [] } = payload;
  if (!Array.isArray(blocks) || blocks.length > BLOCKS_MAX) return invalid("blocks");
  for (const block of blocks) {
    const found = block.type === "section" ? [block.text] : (block.elements ?? []);
    if (!["section", "context"].includes(block.type) || found.length === 0) return invalid("block");
    if (found.length > ELEMENTS_MAX) return invalid("elements");
    for (const part of found) {
      if (part?.type !== "mrkdwn" || part.verbatim !== true) return invalid("text object");
      texts.push(part.text);
    }
  }
  for (const text of texts) {
    const why = wrongIn(text);
    if (why !== null) return invalid(why);
  }
  const links = texts.flatMap((text) => [...text.matchAll(LINK)].map(([, url = ""]) => plain(url)));
  const shown = texts.slice(1).map((text) => plain(text.replace(LINK, "$2")));
  return { ok: true, body: "ok", received: { shown: shown.join("\n"), links } };
}

interface Payload {
  readonly text?: string;
  readonly blocks?: readonly {
    readonly type: string;
    readonly text?: TextObject;
    readonly elements?: readonly TextObject[];
  }[];
}

interface TextObject {
  readonly type: string;
  readonly text: string;
  readonly verbatim?: boolean;
}

function wrongIn(text: unknown): string | null {
  if (typeof text !== "string" || text.length === 0) return "a text that is none";
  if (text.length > TEXT_CHARS_MAX) return `a text of ${text.length} characters`;
  const rest = text.replace(LINK, "");
  if (/[<>]/.test(rest)) return "a control character";
  return /&(?!amp;|lt;|gt;)/.test(rest) ? "an ampersand" : null;
}

function plain(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function invalid(why: string): Checked<SlackMessage> {
  return { ok: false, why: `invalid_payload: ${why}`, status: 400 };
}
