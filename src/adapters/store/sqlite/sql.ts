import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

/** What a column of our tables holds. */
export type Value = SQLInputValue;

/**
 * One connection with its prepared statements. Texts of statements are constants of this folder,
 * so there are as many as the code has; values are only ever bound.
 */
export class Sql {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, options: { readonly readOnly: boolean }) {
    this.#database = new DatabaseSync(path, { readOnly: options.readOnly, timeout: 0 });
  }

  /** Runs statements without values. */
  script(text: string): void {
    this.#database.exec(text);
  }

  /** Answers how many rows changed. */
  run(text: string, ...values: Value[]): number {
    return Number(this.#prepared(text).run(...values).changes);
  }

  /** Every row; integers as `number`, which throws where one does not fit. */
  all<Row>(text: string, ...values: Value[]): Row[] {
    // `as`: the driver knows no column types; each statement stands beside the type of its row.
    return this.#prepared(text).all(...values) as Row[];
  }

  first<Row>(text: string, ...values: Value[]): Row | undefined {
    // `as`: see `all`.
    return this.#prepared(text).get(...values) as Row | undefined;
  }

  /** As `all`, with every integer as `bigint`: for amounts. */
  allExact<Row>(text: string, ...values: Value[]): Row[] {
    // `as`: see `all`.
    return this.#exact(text).all(...values) as Row[];
  }

  firstExact<Row>(text: string, ...values: Value[]): Row | undefined {
    // `as`: see `all`.
    return this.#exact(text).get(...values) as Row | undefined;
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepared(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known) return known;
    const made = this.#database.prepare(text);
    this.#statements.set(text, made);
    return made;
  }

  #exact(text: string): StatementSync {
    const key = `exact ${text}`;
    const known = this.#statements.get(key);
    if (known) return known;
    const made = this.#database.prepare(text);
    made.setReadBigInts(true);
    this.#statements.set(key, made);
    return made;
  }
}
