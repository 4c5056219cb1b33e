/** What a tool answered, as one value: where costs find their quantity and breakers emptiness. */

/** The part of an MCP result that has a value. */
export interface Answered {
  readonly content: readonly Readonly<Record<string, unknown>>[];
  readonly structuredContent: unknown;
}

/** The structured content, else the one JSON text block; undefined: there is neither. */
export function resultValue({ content, structuredContent }: Answered): unknown {
  if (structuredContent !== undefined) return structuredContent;
  const [only, ...others] = content;
  if (only?.type !== "text" || typeof only.text !== "string" || others.length > 0) return undefined;
  return parsed(only.text);
}

/** Zero bytes, blank, "", [], {} or null: an answer that says nothing. */
export function isEmpty(answered: Answered): boolean {
  const { content, structuredContent } = answered;
  if (structuredContent !== undefined && !isNothing(structuredContent)) return false;
  return content.every((block) => {
    if (block.type !== "text" || typeof block.text !== "string") return false;
    const value = parsed(block.text);
    return block.text.trim() === "" || (value !== undefined && isNothing(value));
  });
}

function isNothing(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value === "string") return value.trim() === "";
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Undefined: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Text is an answer too, but no value.
  }
}
