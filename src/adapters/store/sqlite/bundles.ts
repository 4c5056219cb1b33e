import { BUNDLES_MAX } from "../../../ports/bundles.ts";
import type { Bundle } from "../../../ports/store.ts";
import type { Transaction } from "./transaction.ts";

const COLUMNS = "id, source, git_commit AS 'commit', content";
/** The id that the digest of a configuration begins with. */
const ID = "substr(configuration, 1, instr(configuration || '+', '+') - 1)";
const USED = `SELECT ${ID} FROM store WHERE configuration IS NOT NULL
  UNION SELECT ${ID} FROM holder WHERE state = 'live'
  UNION SELECT bundle FROM task WHERE ended_at IS NULL`;

export function keep({ sql }: Transaction, bundle: Bundle): void {
  const { commit, content, id, source } = bundle;
  sql.run(
    `INSERT INTO bundle (no, id, source, git_commit, content)
       SELECT coalesce(max(no), 0) + 1, ?, ?, ?, ? FROM bundle WHERE true
       ON CONFLICT (id) DO UPDATE SET no = excluded.no,
         source = coalesce(excluded.source, source),
         git_commit = iif(excluded.source IS NULL, git_commit, excluded.git_commit)`,
    ...[id, source, commit, content],
  );
  sql.run(
    `DELETE FROM bundle WHERE id NOT IN (${USED})
       AND no NOT IN (SELECT no FROM bundle ORDER BY no DESC LIMIT ?)`,
    BUNDLES_MAX,
  );
}

export function find({ sql }: Transaction, id: string): Bundle | null {
  return sql.first<Bundle>(`SELECT ${COLUMNS} FROM bundle WHERE id = ?`, id) ?? null;
}

export function latest({ sql }: Transaction, source: string): Bundle | null {
  const text = `SELECT ${COLUMNS} FROM bundle WHERE source = ? ORDER BY no DESC LIMIT 1`;
  return sql.first<Bundle>(text, source) ?? null;
}
