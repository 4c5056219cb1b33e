/** Colours and tables for people. Colours only on a terminal; a narrow one gets blocks. */
import { styleText } from "node:util";
import type { Output, Shell } from "./shell.ts";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
export type Paint = (style: Style, text: string) => string;

/** Control characters from a journal or a gateway must not reach a terminal. */
const CONTROL = /[\p{Cc}\p{Cf}]/gu;

/** How to colour what goes to this output. */
export function paintFor(shell: Shell, output: Output): Paint {
  const plain = !output.isTerminal || Boolean(shell.environment.NO_COLOR);
  return (style, text) => (plain ? text : styleText(style, text, { validateStream: false }));
}

/** The text in one line, without what could move a cursor. */
export function clean(text: string): string {
  return text.replace(CONTROL, "�");
}

/** The text in its own lines, each without what could move a cursor. */
export function cleanLines(text: string): readonly string[] {
  return text.split(/\r\n|\n|\r/).map((line) => clean(line.replaceAll("\t", "    ")));
}

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly align?: "right";
  readonly style?: (row: Row) => Style | null;
}

export interface TableOutput {
  readonly paint: Paint;
  readonly columns: number;
}

/** Rows as a table, or as one block each where the table would not fit. Ends with a line feed. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  output: TableOutput,
): string {
  const { paint } = output;
  const cells = rows.map((row) => columns.map((column) => clean(column.text(row))));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const width = widths.reduce((sum, each) => sum + each + 2, -2);
  if (width > output.columns) return renderBlocks(rows, columns, paint);

  const line = (texts: readonly string[], styled: (text: string, index: number) => string) => {
    const parts = texts.map((text, index) => {
      const padding = " ".repeat((widths[index] ?? 0) - text.length);
      const shown = styled(text, index);
      if (columns[index]?.align === "right") return padding + shown;
      return index === texts.length - 1 ? shown : shown + padding;
    });
    return `${parts.join("  ")}\n`;
  };
  const head = columns.map(({ title }) => title);
  const body = rows.map((row, no) =>
    line(cells[no] ?? [], (text, index) => styledCell(paint, columns[index], row, text)),
  );
  return line(head, (text) => paint("dim", text)) + body.join("");
}

function styledCell<Row>(
  paint: Paint,
  column: Column<Row> | undefined,
  row: Row,
  text: string,
): string {
  const style = column?.style?.(row);
  return style ? paint(style, text) : text;
}

function renderBlocks<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  paint: Paint,
): string {
  const widest = Math.max(...columns.map(({ title }) => title.length));
  const blocks = rows.map((row) =>
    columns
      .map((column) => {
        const text = styledCell(paint, column, row, clean(column.text(row)));
        return `${paint("dim", column.title.padEnd(widest))}  ${text}\n`;
      })
      .join(""),
  );
  return blocks.join("\n");
}
