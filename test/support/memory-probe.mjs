// Loaded into a gateway by NODE_OPTIONS: at SIGUSR2 it collects garbage and says what is left.
import { writeSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

const STANDARD_ERROR = 2;

if (isMainThread) {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  process.on("SIGUSR2", () => {
    collect();
    // What the first round freed may hold on to memory outside the heap until the second.
    setImmediate(() => {
      collect();
      const { external, heapUsed } = process.memoryUsage();
      writeSync(STANDARD_ERROR, `in use: ${heapUsed + external}\n`);
    });
  });
}
