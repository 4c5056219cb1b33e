/** What is kept of what tasks say. */
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import { CHAT, type Json, MODEL, type Settings, type WiringWorld } from "./wiring-world.ts";

const field = (name: string) => `slipclutch.yaml transcripts.${name}`;

/** Larger than the smallest bound on a call, and smaller than what holds without one. */
const LONG = "x".repeat(3_000);

const transcripts = (more: Json) => {
  return ({ slipclutch }: Settings) => {
    slipclutch.transcripts = more;
  };
};

async function said(world: WiringWorld, task: string, content: string): Promise<void> {
  const messages = [{ role: "user", content }];
  const asked = await world.ask({ model: MODEL, messages }, { path: `/t/${task}${CHAT}` });
  if (asked.status !== 200) throw new Error(`${asked.status}: ${asked.text}`);
}

async function entriesOf(world: WiringWorld, task: string): Promise<readonly Json[]> {
  const at = `/api/v1/tasks/worker/${task}/transcript`;
  return ((await (await world.gateway.api("GET", at)).json()) as Json).entries;
}

/** What is kept of one call of a task of its own. */
async function kept(world: WiringWorld): Promise<readonly Json[]> {
  const task = world.name("said");
  await said(world, task, LONG);
  return entriesOf(world, task);
}

export const TRANSCRIPT_CASES: readonly WiringCase[] = [
  differs(field("max_bytes_per_call"), {
    base: transcripts({}),
    set: transcripts({ max_bytes_per_call: 1024 }),
    see: async (world) => (await kept(world))[0].parts[0].text.includes("left out"),
    expect: fromTo(false, true),
  }),
  differs(field("max_bytes_per_task"), {
    base: transcripts({ max_bytes_per_call: 2048 }),
    set: transcripts({ max_bytes_per_call: 2048, max_bytes_per_task: 4096 }),
    see: async (world) => {
      const task = world.name("said");
      for (const no of [1, 2, 3]) await said(world, task, `${no} ${LONG}`);
      return (await entriesOf(world, task))[0].parts?.[0].text.startsWith("1 ");
    },
    expect: fromTo(true, false),
  }),
  differs(field("keep_for"), {
    base: transcripts({}),
    set: transcripts({ keep_for: "1s" }),
    see: async (world) => {
      const task = world.name("said");
      await said(world, task, "hello");
      // Twice as long as it is kept, with the second in which the gateway looks.
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      return (await entriesOf(world, task)).length > 0 ? "kept" : "forgotten";
    },
    expect: fromTo("kept", "forgotten"),
  }),
  differs("agents/*.yaml transcripts", {
    base: transcripts({}),
    set: ({ agents }) => {
      agents.worker.transcripts = false;
    },
    see: async (world) => (await kept(world)).length,
    expect: fromTo(2, 0),
  }),
];
