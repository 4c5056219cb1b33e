/** `# METADATA` blocks: the comments below such a line, one under another at the first column. */
import type { Annotation, Position } from "./ast.ts";
import type { Comment } from "./tokens.ts";

interface Block {
  readonly first: Comment;
  readonly lines: string[];
  lastRow: number;
}

/** `statements` are where packages, imports and rules begin, in order. */
export function annotations(
  comments: readonly Comment[],
  statements: readonly Position[],
  file: string,
): readonly Annotation[] {
  let next = 0;
  return blocks(comments).map(({ first, lines }) => {
    const { row, col } = first;
    while ((statements[next]?.row ?? Number.POSITIVE_INFINITY) <= row) next += 1;
    const target = statements[next];
    const at: Position = { file, row, col };
    const yaml = lines.map((line) => `${line}\n`).join("");
    return target === undefined ? { at, yaml } : { at, yaml, target };
  });
}

function blocks(comments: readonly Comment[]): readonly Block[] {
  const found: Block[] = [];
  let open: Block | undefined;
  for (const comment of comments) {
    if (isStart(comment)) {
      open = { first: comment, lines: [], lastRow: comment.row };
      found.push(open);
    } else if (open !== undefined && comment.col === 1 && comment.row === open.lastRow + 1) {
      open.lines.push(comment.text.replace(/^ /, ""));
      open.lastRow = comment.row;
    } else open = undefined;
  }
  return found;
}

function isStart({ text, col }: Comment): boolean {
  return col === 1 && text.trim().startsWith("METADATA");
}
