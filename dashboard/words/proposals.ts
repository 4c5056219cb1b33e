/** What somebody would decide, for another person to read. */
import type { ReviewView } from "../../src/control/schemas/reviews.ts";

export type Proposed = NonNullable<ReviewView["proposal"]>;

const PROPOSED: Readonly<Record<Proposed["decision"], string>> = {
  resume: "Resume all",
  probe: "Probe one task",
  change: "Resume with a change",
  approve: "Approve",
  deny: "Deny",
  end: "End one task",
  ran: "It ran",
  did_not_run: "It did not run",
};

export function proposedName(decision: Proposed["decision"]): string {
  return PROPOSED[decision];
}

/** What is proposed, and of what; a line each. */
export function proposalLines({ kind, proposal }: ReviewView): readonly string[] {
  if (proposal === null) return [];
  const isApproval = kind === "approval";
  const { arguments: edited, call, decision, limit, message, task } = proposal;
  return [
    // An approval is of one call: it is the one that is shown.
    [proposedName(decision), ...(isApproval ? [] : [task, call])]
      .filter((part) => part !== null)
      .join(" "),
    ...(limit === null ? [] : [`limit ${limit}`]),
    ...(edited === null ? [] : [`arguments ${JSON.stringify(edited)}`]),
    ...(message === null ? [] : [`message “${message}”`]),
  ];
}
