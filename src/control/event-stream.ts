/** Reads server-sent events (WHATWG HTML) for programs: entries of the journal as they come. */
import type { EntryView } from "./schemas/journal.ts";

/**
 * Ends when the connection does, or with the signal. What is no entry, such as `dropped`, is the
 * last that is sent on a connection, and ends it here as well.
 */
export async function* entriesIn(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<EntryView> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    while (!signal.aborted) {
      const { done, value } = await reader.read();
      if (done) return;
      // The server ends its lines with a line feed, and every event with an empty one.
      const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        const data = fieldOf(event, "data");
        if (fieldOf(event, "event") === "dropped") return;
        // `as`: the server of the same version sends exactly these.
        if (data !== null) yield JSON.parse(data) as EntryView;
      }
    }
  } catch (error) {
    // A connection that is lost has ended, like one that the gateway closes.
    if (!signal.aborted && !(error instanceof TypeError)) throw error;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Null: the event has none. */
function fieldOf(event: string, name: string): string | null {
  const begins = `${name}: `;
  const line = event.split("\n").find((one) => one.startsWith(begins));
  return line === undefined ? null : line.slice(begins.length);
}
