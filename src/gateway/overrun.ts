/** How far a stream may run past its cap, by our own count of its frames. */
import { type Denial, deny } from "../guards/verdict.ts";
import type { StreamReader } from "../wire/format.ts";
import type { Admitted } from "./call.ts";

const OVERRUN_SHARE = 1.25;
const OVERRUN_FRAMES = 64;

/** Of a provider whose every frame is a token or more: it goes on past what was reserved. */
export function overrunOf(
  { route, terms: { outputTokens } }: Admitted,
  reader: StreamReader,
  bytes: number,
): Denial | null {
  if (!route.provider.rules.framesAreTokens || outputTokens === null) return null;
  const most = outputTokens * OVERRUN_SHARE + OVERRUN_FRAMES;
  if (bytes <= most || reader.summary().textFrames <= most) return null;
  return deny("call.cap", { limit: "max_output_tokens", max: outputTokens });
}
