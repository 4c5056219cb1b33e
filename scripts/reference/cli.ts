/** docs/reference/cli.md: the help of every command, as it prints it. */
import { Readable } from "node:stream";
import { run } from "../../src/cli/program.ts";
import { EXIT } from "../../src/cli/shell.ts";

const COLUMNS = 90;
/** Deeper than any command is nested. */
const DEPTH_MAX = 3;

async function help(command: readonly string[]): Promise<string> {
  let text = "";
  const output = {
    write: (more: string) => {
      text += more;
    },
    isTerminal: false,
    columns: COLUMNS,
  };
  await run({
    args: [...command, "--help"],
    version: "0.0.0",
    environment: {},
    folder: ".",
    out: output,
    err: output,
    input: () => Readable.from([]),
    onSignal: () => undefined,
  });
  return text.trimEnd();
}

/** A command and all below it, parents first. */
async function sections(command: readonly string[]): Promise<string[]> {
  if (command.length > DEPTH_MAX) throw new Error("commands are nested too deep");
  const text = await help(command);
  const name = ["slipclutch", ...command].join(" ");
  const own = `## ${name}\n\n\`\`\`text\n${text}\n\`\`\`\n`;
  const [list = ""] = (text.split("\nCommands:\n")[1] ?? "").split("\n\n");
  const below = [...list.matchAll(/^ {2}([a-z][a-z_-]*)/gm)].map(([, word = ""]) => word);
  const inner: string[] = [];
  for (const word of below) {
    if (word !== "help") inner.push(...(await sections([...command, word])));
  }
  return [own, ...inner];
}

const INTRO = `# Command line

Which gateway a command asks: \`--url\` and \`--token\`; else \`SLIPCLUTCH_URL\` and \`SLIPCLUTCH_TOKEN\`; else the
one whose data folder is named by \`--data\` (\`.slipclutch\` without it), through its \`control.json\`.

Exit codes: ${EXIT.ok} yes; ${EXIT.no} no (refused, not valid, tampered with, unknown, not ready);
${EXIT.usage} the command was written wrongly, or of \`policy eval\` the query ended with an error; ${EXIT.unreachable} the gateway cannot be reached or does not
accept the token; of \`manifest diff\`, something got wider. With \`--json\` an error is one line of JSON on the standard error.
`;

/** The whole page. */
export async function cliPage(): Promise<string> {
  return [INTRO, ...(await sections([]))].join("\n");
}
