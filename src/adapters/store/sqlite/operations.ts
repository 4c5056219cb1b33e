import * as bundles from "./bundles.ts";
import * as claims from "./claims.ts";
import * as clutch from "./clutch.ts";
import * as commitments from "./commitments.ts";
import { catchUp } from "./copies.ts";
import * as counters from "./counters.ts";
import { decide, note } from "./decisions.ts";
import * as flushes from "./flush.ts";
import * as forfeits from "./forfeits.ts";
import * as holders from "./holders.ts";
import * as inputs from "./inputs.ts";
import * as journal from "./journal.ts";
import * as ledger from "./ledger.ts";
import * as messages from "./messages.ts";
import * as notices from "./notices.ts";
import * as outcomes from "./outcomes.ts";
import * as overrides from "./overrides.ts";
import * as parking from "./parking.ts";
import * as permits from "./permits.ts";
import * as registry from "./registry.ts";
import * as tasks from "./tasks.ts";
import type { Transaction } from "./transaction.ts";
import * as transcripts from "./transcripts.ts";

/** Every request that the worker understands, each a function on its transaction. */
export const OPERATIONS = {
  open: ledger.open,
  lease: ledger.lease,
  giveBack: ledger.giveBack,
  flush: flushes.flush,
  want: ledger.want,
  editLimit: ledger.editLimit,
  accounts: ledger.accounts,
  closeScope: ledger.closeScope,
  register: holders.register,
  beat: holders.beat,
  fence: holders.fence,
  close: holders.close,
  holders: holders.list,
  configure: holders.configure,
  forfeits: forfeits.list,
  release: forfeits.release,
  releases: forfeits.releases,
  journal: (transaction: Transaction, query: Parameters<typeof journal.read>[1]) =>
    journal.read(transaction.sql, query),
  anchors: (transaction: Transaction, after: number, limit: number) =>
    journal.anchors(transaction.sql, after, limit),
  gaps: (transaction: Transaction, limit: number) => journal.gaps(transaction.sql, limit),
  writeGap: journal.writeGap,
  createKey: registry.createKey,
  revokeKey: registry.revokeKey,
  keys: registry.keys,
  keyByHash: registry.keyByHash,
  flag: registry.flag,
  clearFlag: registry.clearFlag,
  flags: registry.flags,
  openTask: tasks.open,
  endTask: tasks.end,
  touchTasks: tasks.touch,
  endIdleTasks: tasks.endIdle,
  findTask: tasks.find,
  endedTasks: tasks.ended,
  listTasks: tasks.list,
  takePermits: permits.take,
  givePermits: permits.give,
  trip: clutch.trip,
  openReview: clutch.open,
  decide,
  note,
  clutches: clutch.clutches,
  reviews: clutch.reviews,
  pendingMessages: messages.pending,
  toldMessages: messages.told,
  raiseLimit: overrides.raise,
  overrides: overrides.list,
  park: parking.park,
  attach: parking.attach,
  detach: parking.detach,
  catchUp,
  claim: parking.claim,
  unclaim: parking.unclaim,
  claimCall: claims.claimCall,
  unclaimCall: claims.unclaimCall,
  listParked: parking.list,
  parkedRequest: parking.request,
  pruneParked: parking.prune,
  mergeCounts: counters.merge,
  shareCounts: counters.share,
  meetTools: counters.meet,
  pruneCounts: counters.prune,
  pruneShares: counters.pruneShares,
  sumHours: counters.sumHours,
  hoursKnown: counters.hours,
  pruneHours: counters.pruneHours,
  keepBundle: bundles.keep,
  findBundle: bundles.find,
  latestBundle: bundles.latest,
  openCommitment: commitments.open,
  moveCommitment: commitments.move,
  countCommitments: commitments.count,
  commitments: commitments.list,
  pruneCommitments: commitments.prune,
  putOutcome: outcomes.put,
  waitingOutcomes: outcomes.waiting,
  answerOutcomes: outcomes.answer,
  outcomeAnswers: outcomes.answers,
  forgetOutcomes: outcomes.forget,
  pruneOutcomes: outcomes.prune,
  writeInputs: inputs.write,
  readInputs: inputs.read,
  pruneInputs: inputs.prune,
  knownLines: transcripts.known,
  writeTranscript: transcripts.write,
  readTranscript: transcripts.read,
  eraseTranscript: transcripts.erase,
  pruneTranscripts: transcripts.prune,
  untoldReviews: notices.untold,
  tellNotices: notices.tell,
  claimNotices: notices.claim,
  settleNotices: notices.settle,
  countNotices: notices.counts,
  pruneNotices: notices.prune,
} as const;

export type Operations = typeof OPERATIONS;
export type OperationName = keyof Operations;

/** What a request carries, and what it is answered. */
export type Asked<O extends OperationName> = Operations[O] extends (
  transaction: Transaction,
  ...asked: infer A
) => unknown
  ? A
  : never;
export type Answered<O extends OperationName> = ReturnType<Operations[O]>;
