/** Where the worker is: beside this file in the sources, a bundle of its own in `dist`. */
export function workerUrl(importMetaUrl: string): URL {
  const file = importMetaUrl.endsWith(".ts") ? "./worker.ts" : "./sqlite-worker.mjs";
  return new URL(file, importMetaUrl);
}
