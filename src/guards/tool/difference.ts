/** What is different between two JSON values, place by place. */

/** Of what was added there is no `was`, of what is gone no `is`; what changed has both. */
export interface Difference {
  /** RFC 6901: of what it was, or of what it is where it was added. */
  readonly path: string;
  readonly was?: unknown;
  readonly is?: unknown;
}

/** Deeper than any arguments that a tool takes: below, parts differ as a whole. */
const DEPTH_MAX = 64;

/**
 * From the first place to the last; none where the values are equal. Lists are compared place by
 * place: what was put in at the front changes all of them, as it does for whoever reads by place.
 */
export function differencesOf(was: unknown, is: unknown): readonly Difference[] {
  const found: Difference[] = [];
  collect({ was, is, path: "" }, DEPTH_MAX, found);
  return found;
}

interface Pair {
  readonly was: unknown;
  readonly is: unknown;
  readonly path: string;
}

function collect({ is, path, was }: Pair, depthLeft: number, found: Difference[]): void {
  if (was === is) return;
  const [before, after] = [partsOf(was), partsOf(is)];
  const isAlike = before !== null && after !== null && Array.isArray(was) === Array.isArray(is);
  if (!isAlike || depthLeft === 0) {
    found.push({ path, was, is });
    return;
  }
  for (const [name, part] of before) {
    const inside = `${path}/${escaped(name)}`;
    if (!after.has(name)) found.push({ path: inside, was: part });
    else collect({ was: part, is: after.get(name), path: inside }, depthLeft - 1, found);
  }
  for (const [name, part] of after) {
    if (!before.has(name)) found.push({ path: `${path}/${escaped(name)}`, is: part });
  }
}

/** By name, or by place in a list; null: it has none. */
function partsOf(value: unknown): ReadonlyMap<string, unknown> | null {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : null;
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
