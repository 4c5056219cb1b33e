const SAID_CHARS_MAX = 200;
const MASK = "[redacted]";
const CONTROL = /[\p{Cc}\p{Cf}]+/gu;

/** What a far end said, for people: short, on one line, and without what it was sent in secret. */
export function saidOf(status: number, text: string, secrets: readonly string[]): string {
  const plain = secrets.reduce((left, secret) => left.replaceAll(secret, MASK), text);
  const short = plain.replace(CONTROL, " ").trim().slice(0, SAID_CHARS_MAX);
  return short === "" ? `status ${status}` : `status ${status}: ${short}`;
}
