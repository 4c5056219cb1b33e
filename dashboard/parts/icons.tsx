/** The few drawings there are. A state is drawn as the clutch: two plates, touching or apart. */

const GLYPHS = {
  engaged: "M0 7.25h4.5v1.5H0zM11.5 7.25H16v1.5h-4.5zM5 2.5h2.6v11H5zM8.4 2.5H11v11H8.4z",
  disengaged: "M0 7.25h2v1.5H0zM14 7.25h2v1.5h-2zM2 2.5h2.6v11H2zM11.4 2.5H14v11h-2.6z",
  probing:
    "M0 7.25h3v1.5H0zM13 7.25h3v1.5h-3zM3 2.5h2.6v11H3zM10.4 2.5H13v11h-2.6zM6.9 6.9h2.2v2.2H6.9z",
  ended: "M4 4h8v8H4z",
  approval:
    "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm.9 10.2H7.1V7.2h1.8v4.5Zm0-5.7H7.1V4.2h1.8V6Z",
  budget: "M1 5h14v6H1zM2.5 6.5v3h8v-3z",
  parked: "M4 3h2.6v10H4zM9.4 3H12v10H9.4z",
  unknown:
    "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm.8 10.4H7.2v-1.6h1.6v1.6Zm1-4.5c-.8.6-1 .8-1 1.7H7.2c0-1.500.5-2 1.400-2.600.6-.4.8-.7.8-1.100 0-.6-.5-1-1.300-1-.8 0-1.300.5-1.400 1.300H5.100C5.200 4 6.300 3 8.100 3c1.800 0 2.900 1 2.900 2.400 0 .9-.4 1.500-1.200 2Z",
  done: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm-.9 10.2L3.9 8l1.2-1.2 2 2 3.8-4L12.2 6z",
  failed: "M8 1.5 15 14H1zM7.2 6v4h1.6V6zm0 5v1.6h1.6V11z",
} as const;

export type GlyphName = keyof typeof GLYPHS;

export function Glyph({ name }: { readonly name: GlyphName }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={GLYPHS[name]} fill-rule="evenodd" />
    </svg>
  );
}

const ICONS = {
  overview: "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z",
  reviews: "M2 9.5 4 3h8l2 6.5v3.5H2zM2 9.5h3.5l1 1.8h3l1-1.8H14",
  budgets: "M2 5h12v6H2zM9.5 5v6",
  incidents: "M3.5 14V2.5h8.5l-2 3 2 3H3.5",
  journal: "M2.5 4h11M2.5 8h11M2.5 12h7",
  find: "M7 2.500a4.500 4.500 0 1 0 0 9a4.500 4.500 0 0 0 0-9ZM10.500 10.500 14 14",
  back: "M10 3 5 8l5 5",
} as const;

export function Icon({ name }: { readonly name: keyof typeof ICONS | "more" }) {
  if (name === "more") {
    return (
      <svg viewBox="0 0 16 16" width="16" height="16" fill="currentColor" aria-hidden="true">
        <path d="M2 7h2v2H2zM7 7h2v2H7zM12 7h2v2h-2z" />
      </svg>
    );
  }
  return (
    <svg
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linejoin="round"
      stroke-linecap="round"
      aria-hidden="true"
    >
      <path d={ICONS[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" fill="currentColor" aria-hidden="true">
      <path d="M0 9h4v2H0zM16 9h4v2h-4zM4.5 3h3.6v14H4.5zM11.9 3h3.6v14h-3.6z" />
    </svg>
  );
}

const CHECKS = {
  allow: "M2.5 6.5 5 9l4.5-6",
  deny: "m2.5 2.5 7 7m0-7-7 7",
  park: "M4 2v8M8 2v8",
  trip: "M1 6h2M9 6h2M3.500 2v8M8.500 2v8",
  note: "M3 6h6",
} as const;

/** ✓ Allowed, ✕ Denied, ‖ Parked: glyph, word and colour. */
export function VerdictMark(props: {
  readonly verdict: keyof typeof CHECKS;
  readonly word: string;
}) {
  const colour =
    props.verdict === "trip" ? "deny" : props.verdict === "note" ? "allow" : props.verdict;
  return (
    <span class={`v ${colour}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <path d={CHECKS[props.verdict]} />
      </svg>
      {props.word}
    </span>
  );
}

/** Hatches that every meter and chart fills with; once in the page. */
export function Patterns() {
  const hatch = { patternUnits: "userSpaceOnUse" } as const;
  return (
    <svg width="0" height="0" class="sr" aria-hidden="true">
      <defs>
        <pattern id="p-res" width="5" height="5" patternTransform="rotate(45)" {...hatch}>
          <rect width="5" height="5" class="h-bg" />
          <path d="M1.2 0v5" class="h-1" stroke-width="2.4" />
        </pattern>
        <pattern id="p-com" width="4" height="4" {...hatch}>
          <rect width="4" height="4" class="h-bg" />
          <path d="M1 0v4" class="h-1" stroke-width="1.2" />
        </pattern>
        <pattern id="p-forf" width="4" height="4" patternTransform="rotate(-45)" {...hatch}>
          <rect width="4" height="4" class="h-stopbg" />
          <path d="M1 0v4" class="h-stop" stroke-width="2" />
        </pattern>
      </defs>
    </svg>
  );
}
