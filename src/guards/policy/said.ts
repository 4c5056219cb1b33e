/**
 * From what an engine answered to a verdict. Within one answer any `deny` wins, then any `park`,
 * then `allow`; whatever has another form than a boolean or such an object is a refusal, for a
 * misspelt `deny` would allow.
 */
import type { PolicyAnswer } from "./answer.ts";
import type { Binding } from "./rules.ts";

/** What one policy said of one call, or of one resource of it. */
export interface PolicyVerdict {
  readonly policy: string;
  readonly verdict: "allow" | "deny" | "park";
  /** In the policy's words. */
  readonly reasons: readonly string[];
  /** Why it refuses where it has not said so: it was undefined, failed, or said what is none. */
  readonly because: string | null;
  /** The resource, or the call inside the call, that it was asked of; null: the call alone. */
  readonly about: string | null;
  /** Agents are told its reasons. */
  readonly tell: boolean;
  /** The most tokens that a model may answer with; null: it says nothing of that. */
  readonly outputMax: number | null;
}

/** Of an agent's own question: what the same would decide of a call; `none`: none was asked. */
export type AskedVerdict = PolicyVerdict["verdict"] | "undefined" | "failed" | "none";

/** Of all policies that are about a call; empty: none is. */
export type PolicySaid = readonly PolicyVerdict[];

/** Not even asked, because nobody would have heard: a guard before the policies has to refuse. */
export const UNASKED = "unasked";
export type Unasked = typeof UNASKED;

/** Told and kept of one answer. */
const REASONS_MAX = 20;
const REASON_CHARS_MAX = 300;
const TOLD_CHARS_MAX = 120;

const MEMBERS: ReadonlySet<string> = new Set(["allow", "deny", "park", "obligations"]);

export function verdictOf(
  answer: PolicyAnswer,
  { name, on, tell }: Pick<Binding, "name" | "on" | "tell">,
  about: string | null,
): PolicyVerdict {
  const said = readAnswer(answer, on);
  return { policy: name, about, tell, ...said };
}

type Said = Pick<PolicyVerdict, "verdict" | "reasons" | "because" | "outputMax">;

function readAnswer(answer: PolicyAnswer, on: Binding["on"]): Said {
  switch (answer.kind) {
    case "failed":
      return refusal(`it failed (${answer.code}): ${answer.because}`);
    case "undefined":
      return refusal("it is undefined");
    case "value":
      return readValue(answer.value, on);
  }
}

function readValue(value: unknown, on: Binding["on"]): Said {
  if (typeof value === "boolean") return value ? ALLOWED : refusal("it is false");
  if (!isObject(value))
    return refusal(`it is ${describe(value)}, and neither a boolean nor an object`);
  const unknown = Object.keys(value).find((name) => !MEMBERS.has(name));
  if (unknown !== undefined) {
    return refusal(
      `it has "${clip(unknown)}", and only allow, deny, park and obligations are known`,
    );
  }
  const { allow = false, deny = [], obligations = {}, park = [] } = value;
  if (typeof allow !== "boolean") return refusal(`its allow is ${describe(allow)}`);
  const [denied, parked] = [reasonsIn(deny), reasonsIn(park)];
  if (denied === null) return refusal(`its deny is ${describe(deny)}, and no list of texts`);
  if (denied.length > 0) return { ...refusal(null), reasons: denied };
  if (parked === null) return refusal(`its park is ${describe(park)}, and no list of texts`);
  const outputMax = outputMaxIn(obligations, on);
  if (typeof outputMax === "string") return refusal(outputMax);
  if (parked.length > 0) return { verdict: "park", reasons: parked, because: null, outputMax };
  return allow ? { ...ALLOWED, outputMax } : refusal("it does not allow it");
}

const ALLOWED: Said = { verdict: "allow", reasons: [], because: null, outputMax: null };

function refusal(because: string | null): Said {
  return { verdict: "deny", reasons: [], because, outputMax: null };
}

/** Null: that is no list of texts. */
function reasonsIn(value: unknown): readonly string[] | null {
  if (!Array.isArray(value) || !value.every((one) => typeof one === "string")) return null;
  return value.slice(0, REASONS_MAX).map((reason) => reason.slice(0, REASON_CHARS_MAX));
}

/** An obligation that nobody here can hold is a refusal: a text that says which. */
function outputMaxIn(obligations: unknown, on: Binding["on"]): number | string | null {
  if (!isObject(obligations)) return `its obligations are ${describe(obligations)}`;
  const { max_output_tokens: max, ...others } = obligations;
  const [other] = Object.keys(others);
  if (other !== undefined) return `its obligation ${clip(other)} is none that is known`;
  if (max === undefined) return null;
  if (on !== "model") return "its obligation max_output_tokens is for calls of models";
  if (typeof max === "number" && Number.isSafeInteger(max) && max > 0) return max;
  return `its max_output_tokens is ${describe(max)}, and no whole number above 0`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return `the ${typeof value} ${clip(String(value))}`;
}

function clip(text: string): string {
  return text.length > TOLD_CHARS_MAX ? `${text.slice(0, TOLD_CHARS_MAX)}…` : text;
}
