/**
 * A tool is what was reviewed: its server, its name, its description and the schema of its input.
 * One that is described in another way since is refused until somebody has looked at it again, for
 * a description is what a model does.
 */
import { deny } from "../verdict.ts";
import { canonicalJson } from "./canonical.ts";
import type { ToolGuard } from "./facts.ts";
import type { ToolId } from "./tool.ts";

/** `sha256:` and the first digits: enough to see which of two it is. */
const SHOWN_CHARS = 19;

/** What a pin is the hash of; null: the description is nested too deep to have one. */
export function pinText(
  { server, tool }: ToolId,
  offered: Readonly<Record<string, unknown>>,
): string | null {
  const { description = null, inputSchema = null } = offered;
  return canonicalJson({ server, name: tool, description, input_schema: inputSchema });
}

/** Whether a tool may be shown: the same as what `grantTool` lets be called. */
export function isAsPinned(pin: string | null, offered: string | null): boolean {
  return pin === null || pin === offered;
}

/** Pins as they are told: long enough to compare, short enough to read. */
export function shortPin(pin: string): string {
  return pin.slice(0, SHOWN_CHARS);
}

/**
 * Whoever cannot say what it offers may have changed it. Asked behind the clutch, unlike a change:
 * a server that is away comes back, and a paused agent's call waits for that.
 */
export const offeredNow: ToolGuard = ({ offered, resolved }) => {
  // The grant has been asked before and refused these.
  if (typeof resolved === "string") return deny("gateway.unsure", { because: "no granted tool" });
  const { pin, server, tool } = resolved;
  if (pin === null) return { kind: "allow", numbers: {} };
  if (offered?.kind !== "known") {
    const because = "its tools could not be listed, so that the pin could not be checked";
    return deny("provider.unreachable", {
      ...{ tool_server: server, tool, because },
      may_have_run: "false",
    });
  }
  return { kind: "allow", numbers: { pin: shortPin(pin) } };
};
