/** What stands between the quotes of a text, with its escapes read. */

const SIMPLE: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g;

/** As JSON reads it; undefined where an escape is unknown or a control character not escaped. */
export function unescaped(written: string): string | undefined {
  if (!written.includes("\\")) return written;
  if (/[^ -\uffff]/.test(written)) return undefined;
  let valid = true;
  const text = written.replace(ESCAPE, (_, code?: string, simple?: string) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    const character = SIMPLE[simple ?? ""];
    if (character === undefined) valid = false;
    return character ?? "";
  });
  return valid ? wellFormed(text) : undefined;
}

/** Half of a surrogate pair is no character: Go reads the replacement character instead. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}
