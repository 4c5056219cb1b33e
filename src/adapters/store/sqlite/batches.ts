import { toText } from "./errors.ts";
import { type PackedBatch, rowsIn } from "./flush.ts";
import { OPERATIONS } from "./operations.ts";
import type { Answer, Report, Request } from "./protocol.ts";
import type { Sql } from "./sql.ts";
import { type Change, type Transaction, transactionOn } from "./transaction.ts";

type Work = Exclude<Request, string>;

/** Requests that share one commit: a beat that comes meanwhile waits for no more than these. */
const REQUESTS_MAX = 256;
/** A batch also ends after this much data: about 30 ms of work. */
const ROWS_MAX = 4000;

/**
 * Takes the next requests off the queue, beats first, does them in one transaction and answers when
 * that is durable. Each is under a savepoint of its own: one that fails takes nothing with it.
 */
export function runBatch(sql: Sql, queue: Work[], report: (report: Report) => void): void {
  const batch = take(queue);
  const told = new Set<Change>();
  try {
    sql.run("BEGIN IMMEDIATE");
    const answers = batch.map((work) => answer(sql, work, told));
    sql.run("COMMIT");
    report({ kind: "batch", answers, told: [...told] });
  } catch (error) {
    // Nothing of the batch is durable: nobody in it is told otherwise.
    if (sql.inTransaction) sql.run("ROLLBACK");
    const text = toText(error);
    const answers = batch.map(({ no }) => ({ no, error: text }));
    report({ kind: "batch", answers, told: [] });
  }
}

function take(queue: Work[]): Work[] {
  const beats = queue.filter((work) => work.operation === "beat");
  const others = queue.filter((work) => work.operation !== "beat");
  const batch: Work[] = [];
  let rows = 0;
  for (const work of [...beats, ...others]) {
    if (batch.length >= REQUESTS_MAX || rows >= ROWS_MAX) break;
    batch.push(work);
    rows += rowsOf(work);
  }
  const left = [...beats, ...others].slice(batch.length);
  queue.splice(0, queue.length, ...left);
  return batch;
}

/** How much work a request is: a flush by its lists, anything else little. */
function rowsOf({ operation, asked }: Work): number {
  if (operation !== "flush") return 1;
  // `as`: a flush is asked with its packed batch second, see `OPERATIONS`.
  return rowsIn(asked[1] as PackedBatch);
}

function answer(sql: Sql, work: Work, told: Set<Change>): Answer {
  const toldHere = new Set<Change>();
  sql.run("SAVEPOINT request");
  try {
    const value = perform(transactionOn(sql, work.now, toldHere), work);
    sql.run("RELEASE request");
    for (const what of toldHere) told.add(what);
    return { no: work.no, value };
  } catch (error) {
    // A full disk or a damaged file ends the whole transaction: then the batch has failed.
    if (!sql.inTransaction) throw error;
    sql.run("ROLLBACK TO request");
    sql.run("RELEASE request");
    return { no: work.no, error: toText(error) };
  }
}

/** The one place where an operation meets what it was asked. */
export function perform(transaction: Transaction, { operation, asked }: Work): unknown {
  // `as`: the client's types tie each operation to its own arguments; here they are all one.
  const run = OPERATIONS[operation] as (on: Transaction, ...asked: readonly unknown[]) => unknown;
  return run(transaction, ...asked);
}
