/** `slipclutch manifest pin`: pins how tool servers describe tools, or says what changed since. */
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Described, DescribedTool } from "../../compose/offers.ts";
import { withPins } from "../../config/review/pin-text.ts";
import type { Reading } from "../../config/review/reading.ts";
import { descriptionWords } from "../../config/review/schema-words.ts";
import type { Manifest } from "../../guards/manifest/manifest.ts";
import { shortPin } from "../../guards/tool/pin.ts";
import type { GrantedTool } from "../../guards/tool/tool.ts";
import { clean } from "../paint.ts";
import { CommandError, EXIT, type Shell } from "../shell.ts";
import { FOLDER, manifestIn, print, readingIn } from "./folder.ts";
import { askServers } from "./online.ts";
import { keepReviewed, reviewedFile, reviewedOf } from "./reviewed.ts";

export interface PinOptions {
  readonly agent?: string;
  readonly tool?: string;
  readonly check?: boolean;
  readonly write?: boolean;
  readonly json?: boolean;
}

/** One tool of one agent, with what its server says of it now. */
interface Looked {
  readonly agent: string;
  readonly file: string;
  /** Its place among `allowed_tools`. */
  readonly index: number;
  readonly granted: GrantedTool;
  readonly state: State;
  /** Null: nothing is offered by that name. */
  readonly offered: DescribedTool | null;
  /** What changed since it was pinned, or why nobody knows. */
  readonly words: readonly string[];
}

type State = "pinned" | "changed" | "unpinned" | "gone" | "unknown";

interface Place {
  readonly folder: string;
  readonly reading: Reading;
  readonly described: ReadonlyMap<string, Described>;
}

export async function runPin(
  folder: string | undefined,
  options: PinOptions,
  shell: Shell,
): Promise<number> {
  const where = folder ?? FOLDER;
  const reading = await readingIn(where, shell, { online: true });
  const manifests = manifestsIn(reading, options.agent);
  const described = await askServers(reading, manifests, where, shell);
  const place = { folder: resolve(shell.folder, where), reading, described };
  const looked = await lookAt(manifests, place, options.tool);
  if (options.tool !== undefined && looked.length === 0) {
    const hint = "`slipclutch manifest explain --agent ID` lists those that there are.";
    throw new CommandError(EXIT.no, `no manifest grants the tool ${options.tool}`, hint);
  }
  const written = options.write ? await write(looked, place) : [];
  if (options.json) print(shell, JSON.stringify({ tools: looked.map(told), written }));
  else show(looked, written, shell);
  if (isLeft(looked, options)) print(shell, "Nothing was written; --write pins them.");
  return looked.some((one) => isBad(one, options)) ? EXIT.no : EXIT.ok;
}

function manifestsIn(reading: Reading, agent: string | undefined): readonly Manifest[] {
  if (agent !== undefined) return [manifestIn(reading, agent)];
  return [...reading.configuration.agents.values()];
}

/** What nobody could look at can be neither pinned nor trusted. A change is for `--check`. */
function isBad({ state }: Looked, { check }: PinOptions): boolean {
  return state === "gone" || state === "unknown" || (state === "changed" && check === true);
}

function lookAt(
  manifests: readonly Manifest[],
  place: Place,
  named: string | undefined,
): Promise<readonly Looked[]> {
  const pairs = manifests.flatMap((manifest) =>
    manifest.tools.allowed.map((granted, index) => ({ manifest, granted, index })),
  );
  const { toolServers } = place.reading.configuration;
  const wanted = pairs.filter(({ granted: { server, tool } }) => {
    // What the agent runs itself has no server that could change it.
    const isReached = toolServers.get(server)?.kind !== "agent";
    return isReached && (named === undefined || [tool, `${server}__${tool}`].includes(named));
  });
  return Promise.all(
    wanted.map(async ({ granted, index, manifest: { agent } }) => {
      const file = place.reading.manifests.get(agent)?.source.file ?? "";
      return { agent, file, index, granted, ...(await stateOf(granted, place)) };
    }),
  );
}

async function stateOf(
  granted: GrantedTool,
  { described, folder }: Place,
): Promise<Pick<Looked, "state" | "offered" | "words">> {
  const { pin, server, tool } = granted;
  const answer = described.get(server);
  if (answer?.kind !== "offered") {
    return { state: "unknown", offered: null, words: [answer?.because ?? "nobody reaches it"] };
  }
  const offered = answer.tools.get(tool) ?? null;
  if (offered === null) return { state: "gone", offered, words: [`${server} does not offer it`] };
  if (offered.pin === null) {
    return { state: "unknown", offered, words: ["its schema is nested too deep to be pinned"] };
  }
  if (pin === null) return { state: "unpinned", offered, words: [] };
  if (pin === offered.pin) return { state: "pinned", offered, words: [] };
  return { state: "changed", offered, words: await changeWords(granted, offered, folder) };
}

async function changeWords(
  granted: GrantedTool,
  offered: DescribedTool,
  folder: string,
): Promise<readonly string[]> {
  const before = await reviewedOf(folder, granted, granted.pin ?? "");
  if (before === null) {
    const file = reviewedFile(granted);
    return [`what was pinned is not kept in ${file}; now it says: ${text(offered.description)}`];
  }
  const isSaid = text(before.description) === text(offered.description);
  const words = isSaid
    ? []
    : [`said: ${text(before.description)}`, `says: ${text(offered.description)}`];
  return [...words, ...descriptionWords(before.inputSchema, offered.inputSchema)];
}

function text(description: unknown): string {
  return typeof description === "string" ? description : JSON.stringify(description);
}

/** The pins of a file together; what was pinned beside it. */
async function write(looked: readonly Looked[], { folder }: Place): Promise<readonly string[]> {
  const written = new Set<string>();
  for (const file of new Set(looked.map((one) => one.file))) {
    const due = looked.filter(
      ({ file: own, state }) => own === file && (state === "unpinned" || state === "changed"),
    );
    if (due.length === 0) continue;
    const path = join(folder, file);
    const pins = new Map(due.map(({ index, offered }) => [index, offered?.pin ?? ""]));
    const changed = withPins(file, await readFile(path, "utf8"), pins);
    if (changed === null) {
      const lines = due.map(({ granted, offered }) => `${granted.tool}: pin: ${offered?.pin}`);
      const hint = "Add these lines by hand; nothing was written to it.";
      throw new CommandError(EXIT.no, `${file} is written in a way of its own`, hint, lines);
    }
    await writeFile(path, changed);
    written.add(file);
  }
  for (const { granted, offered, state } of looked) {
    if (offered === null || state === "unknown") continue;
    await keepReviewed(folder, granted, offered);
    written.add(reviewedFile(granted));
  }
  return [...written];
}

/** Whether there is something to pin, and nobody has said what is to be done. */
function isLeft(looked: readonly Looked[], { check, json, write }: PinOptions): boolean {
  const isDue = looked.some(({ state }) => state === "unpinned" || state === "changed");
  return isDue && !check && !json && !write;
}

function told({ agent, file, granted, offered, state, words }: Looked) {
  const { pin, server, tool } = granted;
  return { agent, file, server, tool, state, pin, now: offered?.pin ?? null, words };
}

function show(looked: readonly Looked[], written: readonly string[], shell: Shell): void {
  for (const { agent, granted, offered, state, words } of looked) {
    const { pin, server, tool } = granted;
    const now = offered?.pin ?? null;
    const pins = [
      pin === null ? "" : shortPin(pin),
      state === "changed" ? `→ ${shortPin(now ?? "")}` : "",
    ];
    const line = [state.padEnd(8), agent, `${server}__${tool}`, ...pins].filter(Boolean).join("  ");
    print(shell, clean(line));
    for (const word of words) print(shell, `          ${clean(word)}`);
    if (state === "unpinned") print(shell, `          pin: ${now}`);
  }
  for (const file of written) print(shell, `wrote ${clean(file)}`);
  if (looked.length === 0) print(shell, "No tool to pin.");
}
