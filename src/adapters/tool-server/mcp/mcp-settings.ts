/** What this adapter needs to know of a tool server. The configuration's settings have it all. */
export interface McpSettings {
  readonly name: string;
  /** Its one endpoint, by http or https. */
  readonly url: string;
  /** Goes out as `authorization: Bearer`. */
  readonly bearer: string | null;
  /** Extra headers for every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly connectionsMax: number;
}

/** A server that is started here, as a child. */
export interface McpCommand {
  readonly name: string;
  /** The program and its arguments. No shell reads them. */
  readonly command: readonly [string, ...string[]];
  /** What the operator gives it: secrets, as a rule. */
  readonly env: Readonly<Record<string, string>>;
  /** What every program needs: PATH and the like. Nothing else of the gateway's own reaches it. */
  readonly surroundings: Readonly<Record<string, string>>;
  /** Where it runs. */
  readonly folder: string;
  readonly callsMax: number;
}

/** Shorter values are words like `true`, which would blot out half a message. */
const SECRET_CHARS_MIN = 4;
const MESSAGE_CHARS_MAX = 300;

/** Cuts a message to its size and blots out credentials: servers like to quote what they got. */
export function cleaner(texts: readonly string[]): (message: string) => string {
  const secrets = texts
    // What is told comes line by line, and so may a key of several lines.
    .flatMap((text) => [text, ...text.split(/\r?\n/)])
    .filter((text) => text.length >= SECRET_CHARS_MIN)
    // The longest first: one may begin another.
    .toSorted((a, b) => b.length - a.length);
  return (message) => {
    let clean = message;
    for (const secret of secrets) clean = clean.replaceAll(secret, "…");
    return clean.slice(0, MESSAGE_CHARS_MAX);
  };
}
