/**
 * A notice as the body of a request to one of Slack's incoming webhooks, in Block Kit. What agents
 * and people wrote is only ever text: its control characters are escaped, and `verbatim` keeps
 * Slack from making links and mentions of it.
 */
import type { Message } from "../guards/notice/notice.ts";
import { noticeText } from "./notice-text.ts";

/** Of one text of a section. */
export const SECTION_CHARS_MAX = 3_000;
/** Of one message. */
export const BLOCKS_MAX = 50;
/** Lines of one notice: each is a part of one text. */
const LINES_MAX = 40;

interface Block {
  readonly type: "section" | "context";
  readonly text?: MarkedText;
  readonly elements?: readonly MarkedText[];
}

interface MarkedText {
  readonly type: "mrkdwn";
  readonly text: string;
  readonly verbatim: true;
}

export function slackMessage(message: Message): string {
  const { action, lines, title } = noticeText(message);
  const blocks: Block[] = [{ type: "section", text: marked(escaped(title, SECTION_CHARS_MAX)) }];
  const rest = lines.slice(0, LINES_MAX).join("\n");
  if (rest !== "") {
    blocks.push({ type: "context", elements: [marked(escaped(rest, SECTION_CHARS_MAX))] });
  }
  const url = urlOf(message);
  if (action !== null && url !== null) {
    blocks.push({ type: "section", text: marked(`<${escapedUrl(url)}|${action}>`) });
  }
  // What a notification shows, and what is read aloud.
  const text = escaped(title, SECTION_CHARS_MAX);
  return JSON.stringify({ text, blocks, unfurl_links: false, unfurl_media: false });
}

function urlOf(message: Message): string | null {
  return message.kind === "one" ? (message.link?.url ?? null) : message.link;
}

function marked(text: string): MarkedText {
  return { type: "mrkdwn", text, verbatim: true };
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const CUT = "…";

/** At most so long when escaped, and never cut within an entity or a character. */
export function escaped(text: string, charsMax: number): string {
  let whole = "";
  for (const character of text) {
    const next = ENTITIES[character] ?? character;
    if (whole.length + next.length + CUT.length > charsMax) return whole + CUT;
    whole += next;
  }
  return whole;
}

/** Inside `<…|…>` these would end the link. */
function escapedUrl(url: string): string {
  return escaped(url.replaceAll("|", "%7C"), SECTION_CHARS_MAX);
}
