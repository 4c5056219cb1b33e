import type { ChildProcess } from "node:child_process";

/** Tells a program of the demo something. One that has ended is told nothing: its end is heard. */
export function instruct(child: ChildProcess, order: object): void {
  if (!child.connected) return;
  child.send(order, () => {}); // without a listener its end would be an error of this process
}
