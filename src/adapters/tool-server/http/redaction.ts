/**
 * A server, or something before it, may send back the credentials that it was sent: in an error
 * that quotes the request, or in a page for whoever debugs it. The agent must not get them.
 */
import type { HttpOperationSettings } from "./http-settings.ts";

const MASK = "[redacted]";
/** Shorter values are words like `true`, which would blot out half an answer. */
const SECRET_CHARS_MIN = 4;
/** Fixed headers that are no secret however they are called. */
const OPEN_HEADERS = ["accept", "accept-language", "content-type", "user-agent"];

/** What takes the credentials of one tool out of a text, also where they stand encoded in it. */
export function cleaner({ credentials, headers }: HttpOperationSettings): (text: string) => string {
  const values = [
    ...credentials.flatMap(({ secrets }) => secrets),
    ...Object.entries(headers).flatMap(([name, value]) =>
      // Also without its scheme: `Bearer …` may come back with another one, or none.
      OPEN_HEADERS.includes(name.toLowerCase()) ? [] : [value, value.split(" ").at(-1) ?? value],
    ),
  ];
  const forms = new Set(
    values
      .filter((value) => value.length >= SECRET_CHARS_MIN)
      .flatMap((value) => [
        value,
        encodeURIComponent(value),
        JSON.stringify(value).slice(1, -1),
        Buffer.from(value).toString("base64"),
      ]),
  );
  // The longest first: one may be a part of another.
  const ordered = [...forms].sort((one, two) => two.length - one.length);
  return (text) => ordered.reduce((left, form) => left.replaceAll(form, MASK), text);
}
