/** `slipclutch keys`: keys of agents and tokens of operators. */
import type { KeyRequest, KeyView } from "../control/client.ts";
import { type Asking, connect } from "./connect.ts";
import { type Column, paintFor, renderTable } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

export interface CreateOptions extends Asking {
  readonly agent?: string;
  readonly operator?: string;
  readonly role?: string;
  readonly expiresIn?: string;
}

export async function createKey(options: CreateOptions, shell: Shell): Promise<number> {
  const { agent, operator, role, expiresIn, json } = options;
  if ((agent === undefined) === (operator === undefined)) {
    const hint = "A key is for --agent ID, or for --operator NAME with --role ROLE.";
    throw new CommandError(EXIT.usage, "It is not clear who the key is for.", hint);
  }
  if ((operator === undefined) !== (role === undefined)) {
    const hint =
      "Roles: viewer (reads), operator (reloads, ends tasks, releases forfeits), admin (makes keys).";
    throw new CommandError(EXIT.usage, "--operator and --role go together.", hint);
  }
  const client = await connect(options, shell);
  const ends = expiresIn === undefined ? {} : { expires_in: expiresIn };
  // `as`: exactly one of agent and operator is there, and which roles there are the gateway says.
  const wanted = { agent, operator, role, ...ends } as KeyRequest;
  const made = await client.createKey(wanted);
  if (json) {
    shell.out.write(`${JSON.stringify(made)}\n`);
    return EXIT.ok;
  }
  // Alone on its line, and alone on this stream: a script takes it as it is.
  shell.out.write(`${made.key}\n`);
  const until = made.expires_at === null ? "does not expire" : `expires ${made.expires_at}`;
  shell.err.write(`${made.id} for ${holderOf(made)}; ${until}. It is not shown again.\n`);
  return EXIT.ok;
}

function holderOf(key: KeyView): string {
  if (key.kind === "operator") return `operator ${key.operator} (${key.role})`;
  return key.task === null ? `agent ${key.agent}` : `agent ${key.agent}, task ${key.task}`;
}

const COLUMNS: readonly Column<KeyView>[] = [
  { title: "id", text: (key) => key.id },
  { title: "for", text: holderOf },
  { title: "created", text: (key) => key.created_at },
  { title: "expires", text: (key) => key.expires_at ?? "–" },
  { title: "revoked", text: (key) => key.revoked_at ?? "–" },
];

export async function listKeys(
  options: Asking & { readonly all?: boolean },
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const keys = await client.keys({ all: options.all ? "true" : undefined });
  if (options.json) {
    shell.out.write(`${JSON.stringify(keys)}\n`);
    return EXIT.ok;
  }
  const columns = options.all ? COLUMNS : COLUMNS.slice(0, -1);
  const output = { paint: paintFor(shell, shell.out), columns: shell.out.columns };
  shell.out.write(keys.length === 0 ? "There are no keys.\n" : renderTable(keys, columns, output));
  return EXIT.ok;
}

export async function revokeKey(id: string, options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const revoked = await client.revokeKey(id);
  shell.out.write(options.json ? `${JSON.stringify(revoked)}\n` : `${id} is revoked.\n`);
  return EXIT.ok;
}
