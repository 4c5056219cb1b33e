/** The wire format of Anthropic messages, and of everything that speaks it. */
import { AnthropicMessagesStream, readAnthropicAnswer } from "./anthropic-messages-answer.ts";
import { askAnthropicAgain, withoutAnthropicCalls } from "./anthropic-messages-calls.ts";
import { readAnthropicMessages } from "./anthropic-messages-request.ts";
import { anthropicFreshResults } from "./anthropic-messages-results.ts";
import { rewriteAnthropicMessages } from "./anthropic-messages-rewrite.ts";
import { ANTHROPIC_MESSAGES_SAID } from "./anthropic-messages-said.ts";
import type { WireFormat } from "./format.ts";

export const ANTHROPIC_MESSAGES: WireFormat = {
  format: "anthropic-messages",
  path: "/v1/messages",
  // The last two say who is billed: they get here only where the operator vouches for them.
  forwardHeaders: [
    "anthropic-version",
    "anthropic-beta",
    "anthropic-user-profile-id",
    "anthropic-workspace-id",
  ],
  read: readAnthropicMessages,
  rewrite: rewriteAnthropicMessages,
  // Usage is a part of every stream of this format, and no frame is ever extra.
  wantsUsage: () => true,
  freshResults: anthropicFreshResults,
  answer: readAnthropicAnswer,
  withoutCalls: withoutAnthropicCalls,
  askAgain: askAnthropicAgain,
  stream: (options) => new AnthropicMessagesStream(options),
  said: ANTHROPIC_MESSAGES_SAID,
};
