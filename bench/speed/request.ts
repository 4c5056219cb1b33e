/** The request that the benchmarks send. */

export interface RequestShape {
  readonly model?: string;
  readonly stream?: boolean;
}

/** As agents send it: a system prompt and a question, a bit over a kilobyte. */
export function bodyOf({ model = "benchmark", stream = false }: RequestShape): string {
  const system = "You answer in one short sentence and never make anything up. ".repeat(12);
  const question = "What is the capital of the country whose flag is a red circle? ".repeat(4);
  return JSON.stringify({
    model,
    max_tokens: 200,
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    messages: [
      { role: "system", content: system },
      { role: "user", content: question },
    ],
  });
}
