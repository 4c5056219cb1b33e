/**
 * Appends entries to the file of its first argument, as a gateway would. Says what became of each
 * `send`; between them it waits for a line on its standard input, which names how many there are.
 */
import readline from "node:readline";
import { fileSink } from "../../src/adapters/decision-sink/file/file-sink.ts";
import { decisionEvent } from "../../src/testing/decision-event.ts";

const [path = ""] = process.argv.slice(2);
const sink = fileSink(path);
let no = 0;
for await (const line of readline.createInterface({ input: process.stdin })) {
  const events = Array.from({ length: Number(line) }, (_, at) => decisionEvent(no + at));
  try {
    await sink.send(events);
    no += events.length;
    console.log("taken");
  } catch (error) {
    console.log(String(error));
  }
}
await sink.close();
