/** How far a stream may run past its cap, by our own count of its frames. */
import type { StreamReader } from "../wire/format.ts";
import type { Admitted } from "./call.ts";

const OVERRUN_SHARE = 1.25;
const OVERRUN_FRAMES = 64;

/** Of a provider whose every frame is a token or more: it goes on past what was reserved. */
export function hasOverrun(
  { route, terms }: Admitted,
  reader: StreamReader,
  bytes: number,
): boolean {
  if (!route.provider.rules.framesAreTokens || terms.outputTokens === null) return false;
  const most = terms.outputTokens * OVERRUN_SHARE + OVERRUN_FRAMES;
  return bytes > most && reader.summary().textFrames > most;
}
