import type { ModelCall } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import type { Identified } from "../tools/read.ts";

/**
 * What a refused call asked, and why it was refused. An agent can make up names of tasks without
 * end: one that was not opened has no transcript.
 */
export function noteRefused(call: ModelCall | Identified, why: string, gateway: Gateway): void {
  const { manifest, taskName } = call.incoming;
  if (gateway.tasks.known(manifest.agent, taskName.id) === null) return;
  gateway.transcripts.asked(call, { verdict: "refused", why });
}
