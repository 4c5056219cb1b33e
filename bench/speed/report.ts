/** Numbers as they come, for people; all of them at the end in one line, for programs. */

export class Report {
  readonly #json: boolean;
  readonly #numbers: Record<string, number> = {};

  constructor(json: boolean) {
    this.#json = json;
  }

  note(text: string): void {
    this.#say(text);
  }

  /** A number that is shown beside others. */
  number(name: string, value: number, unit: string): void {
    this.#add(name, value, unit, "");
  }

  /** A number with a bar that it should not pass. */
  barred(name: string, value: number, bar: number, unit: string): void {
    this.#add(name, value, unit, value <= bar ? `(at most ${bar})` : `MORE THAN ${bar}`);
  }

  end(): void {
    process.stdout.write(`${JSON.stringify(this.#numbers)}\n`);
  }

  #add(name: string, value: number, unit: string, judged: string): void {
    this.#numbers[name] = Number(value.toPrecision(4));
    const shown = `${Number(value.toPrecision(4))} ${unit}`;
    this.#say(`${name.padEnd(42)} ${shown.padEnd(18)} ${judged}`.trimEnd());
  }

  #say(line: string): void {
    process[this.#json ? "stderr" : "stdout"].write(`${line}\n`);
  }
}
