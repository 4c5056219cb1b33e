/** Server-sent events as text (WHATWG HTML, "Server-sent events"). */
import type { StoredEntry } from "./operations.ts";
import { entryView } from "./views.ts";

/** One entry of the journal, ready to be sent. */
export interface Frame {
  readonly position: number;
  readonly agent: string | null;
  readonly kind: string;
  readonly text: string;
}

/** A line of this format ends at any of these; JSON has none of them in it. */
const LINE_ENDS = /[\r\n]/g;

export function frameOf(entry: StoredEntry): Frame {
  const { agent, position } = entry;
  const kind = entry.kind.replace(LINE_ENDS, "");
  const data = JSON.stringify(entryView(entry));
  return { position, agent, kind, text: `id: ${position}\nevent: ${kind}\ndata: ${data}\n\n` };
}

/** Nothing for the page, but from here it goes on if the connection is lost now. */
export function placeText(position: number): string {
  return `: alive\nid: ${position}\n\n`;
}

/** How soon a browser comes again by itself. */
export function retryText(milliseconds: number): string {
  return `retry: ${milliseconds}\n`;
}

/** The last frame of a connection that was given up: not everything was delivered. */
export function droppedText(because: string, from: number | null): string {
  const id = from === null ? "" : `id: ${from}\n`;
  return `${id}event: dropped\ndata: ${JSON.stringify({ because })}\n\n`;
}
