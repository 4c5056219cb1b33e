/** What state something is in: glyph, word and colour, never colour alone. */
import { Glyph, type GlyphName } from "./icons.tsx";

type Clutch = "engaged" | "disengaged" | "probing";

const CLUTCHES: Readonly<Record<Clutch, string>> = {
  engaged: "Engaged",
  disengaged: "Disengaged",
  probing: "Probing",
};

export function ClutchBadge({ clutch }: { readonly clutch: Clutch }) {
  return (
    <span class={`badge ${clutch}`}>
      <Glyph name={clutch} />
      {CLUTCHES[clutch]}
    </span>
  );
}

interface Cause {
  readonly colour: string;
  readonly glyph: GlyphName;
  readonly word: string;
}

const UNKNOWN: Cause = { colour: "wait", glyph: "parked", word: "Parked" };
const CAUSES: Readonly<Record<string, Cause>> = {
  trip: { colour: "disengaged", glyph: "disengaged", word: "Disengaged" },
  pause: { colour: "wait", glyph: "disengaged", word: "Paused" },
  approval: { colour: "wait", glyph: "approval", word: "Approval" },
  budget: { colour: "wait", glyph: "budget", word: "Budget" },
  outcome_unknown: { colour: "wait", glyph: "unknown", word: "Unknown" },
};

/** Why a review waits for a person. */
export function CauseBadge({ kind, closed }: { readonly kind: string; readonly closed?: boolean }) {
  const { colour, glyph, word } = CAUSES[kind] ?? UNKNOWN;
  return (
    <span class={`badge ${closed ? "ended" : colour}`}>
      <Glyph name={glyph} />
      {word}
    </span>
  );
}

export function PlainBadge({ glyph, word }: { readonly glyph: GlyphName; readonly word: string }) {
  return (
    <span class="badge ended">
      <Glyph name={glyph} />
      {word}
    </span>
  );
}
