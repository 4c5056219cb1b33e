/** Graphs: an object of nodes, each with the array or set of its neighbours. */
import { type Key, keyOf, type RegoObject, setOf, type Value } from "../values/value.ts";
import { type BuiltinCall, type Builtins, object, operand, wrongType } from "./builtin.ts";
import { elementsOf } from "./operands.ts";

function starts(operands: readonly Value[]): readonly Value[] {
  const value = operand(operands, 2);
  const nodes = elementsOf(value);
  if (nodes === undefined) throw wrongType(2, "{array, set}", value);
  return nodes;
}

/** Undefined: the graph has no such node. */
function neighbours(graph: RegoObject, node: Value): readonly Value[] | undefined {
  const edges = graph.get(node);
  return edges === undefined ? undefined : (elementsOf(edges) ?? []);
}

/** Only nodes that the graph has. */
function reachable(operands: readonly Value[]): Value {
  const graph = object(operands, 1);
  const queue = [...starts(operands)];
  const queued = new Set<Key>(queue.map(keyOf));
  const reached: Value[] = [];
  // The queue grows while it is walked.
  for (const node of queue) {
    const next = neighbours(graph, node);
    if (next === undefined) continue;
    reached.push(node);
    for (const neighbour of next) {
      if (queued.has(keyOf(neighbour))) continue;
      queued.add(keyOf(neighbour));
      queue.push(neighbour);
    }
  }
  return setOf(reached);
}

/** The end of a path, and through it the path. */
interface Step {
  readonly node: Value;
  readonly before: Step | undefined;
  readonly length: number;
}

function stepTo(node: Value, before: Step | undefined): Step {
  return { node, before, length: (before?.length ?? 0) + 1 };
}

/**
 * All paths without a cycle, as far as they go: to a node without neighbours, before one that the
 * graph has not, or before one that the path has. There may be very many: each node of each path
 * is charged for.
 */
function reachablePaths(operands: readonly Value[], call: BuiltinCall): Value {
  const graph = object(operands, 1);
  const paths: Value[] = [];
  const open: Step[] = [];
  const finish = (end: Step): void => {
    call.charge(end.length);
    paths.push(pathTo(end));
  };
  for (const start of starts(operands)) {
    const next = neighbours(graph, start);
    if (next === undefined) continue;
    const first = stepTo(start, undefined);
    if (next.length === 0) finish(first);
    // A start that is its own neighbour is followed once.
    for (const neighbour of next) open.push(stepTo(neighbour, first));
  }
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    call.charge(step.length);
    const next = neighbours(graph, step.node);
    if (next === undefined) {
      if (step.before !== undefined) finish(step.before);
      continue;
    }
    if (next.length === 0) finish(step);
    const passed = new Set(pathTo(step).map(keyOf));
    for (const neighbour of next) {
      if (passed.has(keyOf(neighbour))) finish(step);
      else open.push(stepTo(neighbour, step));
    }
  }
  return setOf(paths);
}

function pathTo(end: Step): readonly Value[] {
  const nodes: Value[] = [];
  for (let step: Step | undefined = end; step !== undefined; step = step.before) {
    nodes.push(step.node);
  }
  return nodes.reverse();
}

export const GRAPHS: Builtins = {
  "graph.reachable": reachable,
  "graph.reachable_paths": reachablePaths,
};
