/**
 * `pins/SERVER/TOOL.json` of the folder: what was pinned, in full. A pin alone says that a tool
 * changed; this says what did, here and in the change that a reviewer reads.
 */
import { hash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DescribedTool } from "../../compose/offers.ts";
import { pinText } from "../../guards/tool/pin.ts";
import type { ToolId } from "../../guards/tool/tool.ts";

export interface Reviewed {
  readonly description: unknown;
  readonly inputSchema: unknown;
}

/** Relative to the folder; names may hold what a path must not. */
export function reviewedFile({ server, tool }: ToolId): string {
  const encoded = encodeURIComponent(tool).replaceAll(".", "%2E");
  return `pins/${server}/${encoded}.json`;
}

/** What a pin was made of; null: it is not kept, or what is kept is of another pin. */
export async function reviewedOf(
  folder: string,
  id: ToolId,
  pin: string,
): Promise<Reviewed | null> {
  const kept = await keptIn(join(folder, reviewedFile(id)));
  if (typeof kept !== "object" || kept === null) return null;
  // A map of JSON.
  const { description = null, input_schema: inputSchema = null } = kept as Record<string, unknown>;
  const text = pinText(id, { description, inputSchema });
  if (text === null || `sha256:${hash("sha256", text)}` !== pin) return null;
  return { description, inputSchema };
}

export async function keepReviewed(folder: string, id: ToolId, tool: DescribedTool): Promise<void> {
  const path = join(folder, reviewedFile(id));
  const { description, inputSchema } = tool;
  const whole = { server: id.server, name: id.tool, description, input_schema: inputSchema };
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(whole, null, 2)}\n`);
}

async function keptIn(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    // What somebody has broken by hand is as good as gone: its pin still holds.
    if (isMissing || error instanceof SyntaxError) return null;
    throw error;
  }
}
