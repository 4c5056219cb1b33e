/**
 * What is asked of one call: each policy that is bound to its kind, once for each resource that it
 * is about, and of the calls inside it too. All have to allow.
 */
import type { ModelCallInput, ResourceInput, ToolCallInput } from "../../guards/policy/input.ts";
import type { Binding } from "../../guards/policy/rules.ts";
import { effectOf } from "../../guards/tool/effect.ts";
import type { Unpoliced } from "../../guards/tool/facts.ts";
import { callsInside } from "../../guards/tool/inner.ts";
import { fullName } from "../../guards/tool/names.ts";
import { type Resource, resourcesOf } from "../../guards/tool/resource.ts";
import type { ModelCall } from "../call.ts";

export interface Question {
  readonly call: ToolCallInput | ModelCallInput;
  readonly resource: ResourceInput | null;
  /** What it is about beside the call that was made, in words; null: nothing else. */
  readonly about: string | null;
}

/** Of a call that its manifest lets through. Worked out once: it may take reading SQL. */
export function toolQuestions(outer: Unpoliced): readonly Question[] {
  const inside = callsInside(outer);
  // What cannot be made out was refused for that.
  const calls = "kind" in inside ? [outer] : [outer, ...inside];
  return calls.flatMap((call, depth) => {
    return ofOne(call, calls[depth - 1] ?? null);
  });
}

/** Those that one policy is asked. */
export function questionsFor(
  { resourceType }: Binding,
  questions: readonly Question[],
): readonly Question[] {
  if (resourceType === null) return questions;
  return questions.filter(({ resource }) => resource?.type === resourceType);
}

export function modelQuestion({ read, route }: Pick<ModelCall, "read" | "route">): Question {
  const { ask } = read;
  const call: ModelCallInput = {
    kind: "model",
    model: ask.model,
    provider: route?.provider.rules.name ?? null,
    format: ask.format,
    stream: ask.stream,
    max_output_tokens: ask.outputCap,
    choices: ask.choices,
    input_bytes: ask.input.textBytes,
    messages: ask.input.messages,
    images: ask.input.images,
    tools: ask.offeredTools,
    hosted_tools: ask.serverTools.map(({ type }) => type),
  };
  return { call, resource: null, about: null };
}

function ofOne({ ask, resolved }: Unpoliced, within: Unpoliced | null): readonly Question[] {
  // Nobody could run it: that was refused.
  if (typeof resolved === "string") return [];
  const asked: ToolCallInput = {
    kind: "tool",
    server: ask.server,
    tool: ask.tool,
    arguments: ask.arguments,
    effect: effectOf(resolved, ask),
    inside: within === null ? null : fullName(within.ask),
    reading: ask.reading === undefined ? null : { kind: ask.reading.kind, name: ask.reading.name },
  };
  const inner = within === null ? null : fullName(ask);
  const found = resourcesOf(resolved.resource, ask);
  // An observed agent is spared that refusal: what is not known is then asked without it.
  const resources = "because" in found ? [] : found;
  if (resources.length === 0) return [{ call: asked, resource: null, about: inner }];
  return resources.map((one) => {
    return { call: asked, resource: resourceInput(one), about: aboutOf(inner, one) };
  });
}

export function resourceInput({ attributes, type }: Resource): ResourceInput {
  return { ...attributes, type };
}

function aboutOf(inner: string | null, { attributes, type }: Resource): string {
  const words = Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
  const resource = [type, ...words].join(" ");
  return inner === null ? resource : `${inner}, ${resource}`;
}
