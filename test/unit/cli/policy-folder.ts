/** Folders of policies for the tests of `policy`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach } from "vitest";

const made: string[] = [];

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Gone after the test. Policies are in its folder `p`. */
export function policies(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "slipclutch-policy-"));
  made.push(folder);
  mkdirSync(join(folder, "p"));
  for (const [file, content] of Object.entries(files)) {
    const path = join(folder, "p", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

/** The policy that the design begins with, as it stands. */
export const EXAMPLE = `package agent.authz

default allow = false

allow {
    input.agent_id == "billing-optimizer"
    input.resource.type == "database"
    not startswith(input.resource.table_name, "customer_pii_")
}
`;
