/** OpenAI chat completions: what was said in requests, answers and streams. */

import { textOrNull } from "./fresh-results.ts";
import { isObject, type JsonObject, parseOrNothing } from "./json.ts";
import { oneName } from "./offered-tools.ts";
import { callsIn } from "./openai-chat-calls.ts";
import { ROLES_OF_RESULTS } from "./openai-chat-results.ts";
import { StreamedOpenAiCalls } from "./openai-chat-stream-calls.ts";
import { namesOf } from "./openai-chat-tools.ts";
import {
  argumentsText,
  type Conversation,
  eventsIn,
  type Message,
  type Part,
  spoken,
  textOf,
  thing,
} from "./said.ts";

export const OPENAI_CHAT_SAID: Conversation = {
  request: ({ messages }) => listed(messages).filter(isObject).map(readMessage),
  answer: (text) => {
    const root = parseOrNothing(text);
    const choices = isObject(root) ? listed(root.choices) : [];
    return choices.flatMap((choice) => {
      return isObject(choice) && isObject(choice.message) ? [readMessage(choice.message)] : [];
    });
  },
  stream: (bytes) => {
    const stream = new StreamedMessages();
    for (const event of eventsIn(bytes)) stream.see(event);
    return stream.messages().map(readMessage);
  },
};

function readMessage(message: JsonObject): Message {
  const { content, name, reasoning, reasoning_content, refusal, tool_call_id } = message;
  const role = textOrNull(message.role) ?? "unknown";
  if (ROLES_OF_RESULTS.has(role)) {
    const text = textOf(contentParts(content));
    const of = { id: textOrNull(tool_call_id), name: textOrNull(name) };
    return { role, parts: [{ kind: "result", ...of, text }] };
  }
  const parts = [
    ...spoken("thinking", reasoning_content ?? reasoning),
    ...contentParts(content),
    ...spoken("text", refusal),
    ...callsIn(message).map(callPart),
  ];
  return { role, parts };
}

function contentParts(content: unknown): readonly Part[] {
  if (typeof content === "string") return spoken("text", content);
  return listed(content).flatMap((part) => (isObject(part) ? contentPart(part) : thing(null)));
}

function contentPart(part: JsonObject): readonly Part[] {
  const { file, image_url: image, input_audio: audio, refusal, text, type } = part;
  if (typeof text === "string") return spoken("text", text);
  if (typeof refusal === "string") return spoken("text", refusal);
  if (isObject(image)) return [thing("image", image.url)];
  if (isObject(audio)) return [thing("audio", audio.data)];
  if (isObject(file)) return [thing("file", file.file_data)];
  return [thing(type)];
}

function callPart(call: unknown): Part {
  if (!isObject(call)) return thing("a call that cannot be read");
  const inner = isObject(call.function) ? call.function.arguments : undefined;
  const custom = isObject(call.custom) ? call.custom.input : undefined;
  const given = inner ?? custom ?? call.arguments ?? "";
  return {
    kind: "call",
    id: textOrNull(call.id),
    name: oneName(namesOf(call)),
    arguments: typeof given === "string" ? given : argumentsText(given),
  };
}

/** What is shown of one choice, as far as its deltas have come. */
interface Choice {
  content: string;
  reasoning_content: string;
  refusal: string;
}

class StreamedMessages {
  private readonly choices = new Map<unknown, Choice>();
  private readonly calls = new StreamedOpenAiCalls();

  see(event: JsonObject): void {
    this.calls.see(event);
    for (const choice of listed(event.choices)) {
      if (!isObject(choice) || !isObject(choice.delta)) continue;
      const { content, reasoning, reasoning_content, refusal } = choice.delta;
      const so = this.choices.get(choice.index) ?? {
        content: "",
        reasoning_content: "",
        refusal: "",
      };
      so.content += textOrNull(content) ?? "";
      so.reasoning_content += textOrNull(reasoning_content ?? reasoning) ?? "";
      so.refusal += textOrNull(refusal) ?? "";
      this.choices.set(choice.index, so);
    }
  }

  /** As whole answers have them. */
  messages(): readonly JsonObject[] {
    const calls = new Map(this.calls.answer().choices.map((one) => [one.index, one.message]));
    return [...this.choices].map(([index, choice]) => {
      const called = calls.get(index);
      return { ...(isObject(called) ? called : {}), ...choice, role: "assistant" };
    });
  }
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
