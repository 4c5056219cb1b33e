/** What an agent says came of a tool that it ran, and who it is that says so. */
import type { ToolEnd } from "../../ports/tool-server.ts";

export interface Report {
  readonly decision: string;
  /** Of the key that it came with. */
  readonly agent: string;
  /** Of a key that is for one task only. */
  readonly task: string | null;
  /** Equal for a report that is the same again. */
  readonly digest: string;
  readonly end: ToolEnd;
}

/** On its way to another gateway of this store. */
export function reportText(report: Report): string {
  return JSON.stringify(report);
}

/** Of a text that `reportText` made: nobody else can have sealed it. */
export function reportOf(text: string): Report {
  // `as`: the seal says that we made it, and every version of ours made it like this.
  return JSON.parse(text) as Report;
}
