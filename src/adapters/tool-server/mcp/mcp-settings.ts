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

/** Shorter values are words like `true`, which would blot out half a message. */
const SECRET_CHARS_MIN = 4;
const MESSAGE_CHARS_MAX = 300;

/** Cuts a message to its size and blots out credentials: servers like to quote what they got. */
export function cleaner(settings: McpSettings): (message: string) => string {
  const secrets = [settings.bearer ?? "", ...Object.values(settings.headers)].filter(
    (secret) => secret.length >= SECRET_CHARS_MIN,
  );
  return (message) => {
    let clean = message;
    for (const secret of secrets) clean = clean.replaceAll(secret, "…");
    return clean.slice(0, MESSAGE_CHARS_MAX);
  };
}
