/** The commands of notifiers. What each does is loaded when it is called. */
import type { Command } from "commander";
import type { Asking } from "./connect.ts";
import { asking, type Do, example } from "./parts.ts";
import type { Shell } from "./shell.ts";

export function addNotifiers(program: Command, shell: Shell, work: Do): void {
  const about = "Where people are told of reviews and alarms, and how that stands.";
  const notifiers = asking(program, "notifiers", about);
  example(notifiers, "slipclutch notifiers --json").action((options: Asking) =>
    work(async () => (await import("./notifiers.ts")).listNotifiers(options, shell)),
  );
  const test = asking(notifiers, "test <name>", "Send a test through one of them now.");
  example(test, "slipclutch notifiers test on-call").action(
    (name: string, _options, command: Command) =>
      work(async () => {
        const options: Asking = command.optsWithGlobals();
        return (await import("./notifiers.ts")).testNotifier(name, options, shell);
      }),
  );
}
