/**
 * Work that is done in pieces: at each `yield` whoever does it may let others have the thread. A
 * hundred modules take a machine long enough to load for every call in the process to notice.
 */
export type Pieces<T> = Generator<void, T, void>;

export function* eachOf<T, U>(all: Iterable<T>, make: (one: T) => U): Pieces<readonly U[]> {
  const made: U[] = [];
  for (const one of all) {
    made.push(make(one));
    yield;
  }
  return made;
}

/** All of it at once. */
export function atOnce<T>(pieces: Pieces<T>): T {
  for (let next = pieces.next(); ; next = pieces.next()) if (next.done === true) return next.value;
}
