/**
 * The thread that has the embedded store's file: one writer, or one reader beside it. Requests that
 * arrive while a commit runs share the next one.
 */
import { parentPort, workerData } from "node:worker_threads";
import { perform, runBatch } from "./batches.ts";
import { openDatabase, openReader } from "./database.ts";
import { toText } from "./errors.ts";
import type { Answer, Report, Request, WorkerOptions } from "./protocol.ts";
import type { Sql } from "./sql.ts";
import { transactionOn } from "./transaction.ts";

type Work = Exclude<Request, string>;

if (!parentPort) throw new Error("the store's worker is started by its client");
const port = parentPort;
const report = (message: Report): void => port.postMessage(message);
// `as`: the client that starts this file gives it these, see `WorkerOptions`.
serve(workerData as WorkerOptions);

function serve(options: WorkerOptions): void {
  let sql: Sql;
  try {
    sql = options.readOnly ? openReader(options.path) : openDatabase(options.path, options);
  } catch (error) {
    report({ kind: "failed", error: toText(error) });
    port.close();
    return;
  }
  const queue: Work[] = [];
  let due = false;
  let ending = false;
  const run = (): void => {
    due = false;
    if (queue.length > 0) {
      if (options.readOnly) readOne(sql, queue);
      else runBatch(sql, queue, report);
    }
    if (queue.length > 0) schedule();
    else if (ending) {
      sql.close();
      port.close();
    }
  };
  const schedule = (): void => {
    if (due) return;
    due = true;
    setImmediate(run);
  };
  port.on("message", (request: Request) => {
    if (request === "end") ending = true;
    else queue.push(request);
    schedule();
  });
  report({ kind: "ready" });
}

/** A reader needs no transaction: one statement sees one state. */
function readOne(sql: Sql, queue: Work[]): void {
  const work = queue.shift();
  if (work) report({ kind: "batch", answers: [read(sql, work)], told: [] });
}

function read(sql: Sql, work: Work): Answer {
  try {
    return { no: work.no, value: perform(transactionOn(sql, work.now, new Set()), work) };
  } catch (error) {
    return { no: work.no, error: toText(error) };
  }
}
