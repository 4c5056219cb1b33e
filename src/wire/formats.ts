/** Every wire format that is served, by name. */
import type { Format } from "../guards/call.ts";
import { ANTHROPIC_MESSAGES } from "./anthropic-messages.ts";
import type { WireFormat } from "./format.ts";
import { OPENAI_CHAT } from "./openai-chat.ts";

export const FORMATS: Readonly<Record<Format, WireFormat>> = {
  "openai-chat": OPENAI_CHAT,
  "anthropic-messages": ANTHROPIC_MESSAGES,
};
