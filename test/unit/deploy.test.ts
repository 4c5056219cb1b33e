/** Dashboard and alert rules ask for what is exported, and every alert leads somewhere. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { part } from "../support/parts.ts";
import {
  DEPLOY,
  dashboard,
  dashboardExpressions,
  exported,
  groupedBy,
  rules,
  usesIn,
} from "../support/promql.ts";

const ROOT = join(DEPLOY, "..");
/** Four seconds of a processor, which others may be using. */
const TESTS_MS = 180_000;
/** Whoever scrapes puts these to every series. */
const SCRAPED = ["job", "instance"];
const RECORDED = new Set(rules().flatMap(({ record }) => record ?? []));
const ALERTS = rules().filter(({ alert }) => alert !== undefined);
const KNOWN = exported();

describe.each([
  ["alert rules", rules().map(({ expr }) => expr)],
  ["the dashboard", dashboardExpressions()],
])("every expression of %s", (_, expressions) => {
  test("is about metrics that exist, by labels that they have", () => {
    const wrong = expressions.flatMap((expression) => {
      const uses = usesIn(expression);
      const lacking = uses.filter(({ metric }) => !KNOWN.has(metric) && !RECORDED.has(metric));
      const mistaken = uses.filter(({ labels, metric }) => {
        const own = [...(KNOWN.get(metric) ?? labels), ...SCRAPED];
        return labels.some((label) => !own.includes(label));
      });
      if (uses.length === 0) return [`nothing is asked by ${expression}`];
      return [...lacking, ...mistaken].map(({ labels, metric }) => `${metric} ${labels}`);
    });
    expect(wrong).toEqual([]);
  });

  test("groups by labels that what it asks for has", () => {
    const wrong = expressions.flatMap((expression) => {
      const recorded = [...RECORDED].filter((name) => expression.includes(name));
      const inside = recorded.flatMap((name) => {
        return groupedBy(rules().find(({ record }) => record === name)?.expr ?? "");
      });
      const own = usesIn(expression).flatMap(({ metric }) => KNOWN.get(metric) ?? []);
      const known = new Set([...own, ...inside, ...SCRAPED]);
      return groupedBy(expression).filter((label) => !known.has(label));
    });
    expect(wrong).toEqual([]);
  });
});

describe("an alert", () => {
  test.each(ALERTS.map((rule) => [rule.alert ?? "", rule] as const))(
    "%s says how bad it is, and leads to a run-book that exists",
    (_, { annotations = {}, labels = {} }) => {
      expect(["critical", "warning", "info"]).toContain(labels.severity);
      expect(annotations.summary?.length).toBeGreaterThan(10);
      const [file = "", anchor = ""] = annotations.runbook_url?.split("#") ?? [];
      const text = readFileSync(join(ROOT, file), "utf8");
      const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => {
        return heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, "")
          .replaceAll(" ", "-");
      });
      expect(headings).toContain(anchor);
    },
  );

  test("is in the table of docs/operations.md, with its run-book, and nothing else is", () => {
    const text = readFileSync(join(ROOT, "docs", "operations.md"), "utf8");
    const rows = [...text.matchAll(/^\| (●?) ?\| `(Slipclutch\w+)` \| .*\]\((#[\w-]+)\)/gm)];
    const listed = rows.map(([, mark, name, anchor]) => [name, anchor, mark === "●"]);
    const wanted = new Map(
      ALERTS.map(({ alert, annotations, labels }) => {
        const anchor = annotations?.runbook_url?.replace("docs/operations.md", "");
        return [alert, [alert, anchor, labels?.severity === "critical"]];
      }),
    );
    expect([...listed].sort()).toEqual([...wanted.values()].sort());
  });

  test("is tested with series on which it fires, and with series on which it does not", () => {
    const file = readFileSync(join(DEPLOY, "prometheus", "alerts.test.yml"), "utf8");
    const { tests } = parse(file) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
    const [fires, quiet] = [true, false].map((does) => {
      const some = cases.filter(({ exp_alerts }) => exp_alerts.length > 0 === does);
      return new Set(some.map(({ alertname }) => alertname));
    });
    const names = new Set(ALERTS.map(({ alert }) => alert));
    expect(fires).toEqual(names);
    expect(quiet).toEqual(names);
  });
});

describe("the dashboard", () => {
  test("has panels with numbers of their own, each with something to show", () => {
    const { panels } = dashboard();
    const ids = panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const empty = panels.filter(({ targets = [], type }) => type !== "row" && targets.length === 0);
    expect(empty).toEqual([]);
  });

  test("finds what can be chosen in metrics that exist", () => {
    const asked = dashboard().templating.list.flatMap(({ definition = "" }) => usesIn(definition));
    expect(asked.length).toBe(3);
    expect(asked.filter(({ metric }) => !KNOWN.has(metric))).toEqual([]);
  });
});

describe.skipIf(!part("promtool").available)("promtool", () => {
  const promtool = (...parameters: string[]) =>
    execFileSync("promtool", parameters, { cwd: join(DEPLOY, "prometheus"), encoding: "utf8" });

  test("takes the rules", () => {
    expect(promtool("check", "rules", "alerts.yml")).toContain(`${rules().length} rules found`);
  });

  test("sees every alert fire on its series, and not on others", { timeout: TESTS_MS }, () => {
    expect(promtool("test", "rules", "alerts.test.yml")).toContain("SUCCESS");
  });

  test("takes every expression of the dashboard", () => {
    const folder = mkdtempSync(join(tmpdir(), "slipclutch-promql-"));
    const file = join(folder, "dashboard.yml");
    const asked = dashboardExpressions().map((expression, no) => ({
      record: `dashboard:${no}`,
      expr: expression.replaceAll("$__rate_interval", "5m").replaceAll(/\$\w+/g, "x"),
    }));
    writeFileSync(file, stringify({ groups: [{ name: "dashboard", rules: asked }] }));
    expect(promtool("check", "rules", file)).toContain(`${asked.length} rules found`);
    rmSync(folder, { recursive: true });
  });
});
