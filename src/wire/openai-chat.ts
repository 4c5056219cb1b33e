/** The wire format of OpenAI chat completions, and of everything that speaks it. */
import type { WireFormat } from "./format.ts";
import { OpenAiChatStream, readOpenAiAnswer } from "./openai-chat-answer.ts";
import { askOpenAiAgain, withoutOpenAiCalls } from "./openai-chat-calls.ts";
import { readOpenAiChat } from "./openai-chat-request.ts";
import { openAiFreshResults } from "./openai-chat-results.ts";
import { rewriteOpenAiChat, wantsUsageFrame } from "./openai-chat-rewrite.ts";
import { OPENAI_CHAT_SAID } from "./openai-chat-said.ts";

export const OPENAI_CHAT: WireFormat = {
  format: "openai-chat",
  path: "/chat/completions",
  // The last two say who is billed: they get here only where the operator vouches for them.
  forwardHeaders: ["openai-beta", "openai-organization", "openai-project"],
  read: readOpenAiChat,
  rewrite: rewriteOpenAiChat,
  wantsUsage: wantsUsageFrame,
  freshResults: openAiFreshResults,
  answer: readOpenAiAnswer,
  withoutCalls: withoutOpenAiCalls,
  askAgain: askOpenAiAgain,
  stream: (options) => new OpenAiChatStream(options),
  said: OPENAI_CHAT_SAID,
};
