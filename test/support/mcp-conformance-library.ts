/** The resources and prompts that the conformance runner's scenarios read. */
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ReadResourceRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";

export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

const RESOURCES = ["test://static-text", "test://static-binary"];

/** What a manifest has to grant for them. */
export const CONFORMANCE_LIBRARY = {
  allowed_resources: [
    ...RESOURCES.map((uri) => ({ server: "desk", uri })),
    { server: "desk", under: "test://template/" },
  ],
  allowed_prompts: [
    "test_simple_prompt",
    "test_prompt_with_arguments",
    "test_prompt_with_embedded_resource",
    "test_prompt_with_image",
  ].map((name) => ({ server: "desk", name })),
};

type Given = Readonly<Record<string, string>>;

const text = (said: string) => ({ type: "text", text: said });

const MESSAGES: Readonly<Record<string, (given: Given) => readonly object[]>> = {
  test_simple_prompt: () => [text("a simple prompt")],
  test_prompt_with_arguments: ({ arg1, arg2 }) => [text(`${arg1} and ${arg2}`)],
  test_prompt_with_embedded_resource: ({ resourceUri }) => [
    { type: "resource", resource: { uri: resourceUri, mimeType: "text/plain", text: "embedded" } },
    text("look at it"),
  ],
  test_prompt_with_image: () => [
    { type: "image", data: PIXEL, mimeType: "image/png" },
    text("look at it"),
  ],
};

export function offerLibrary(server: Server): void {
  server.setRequestHandler(ListResourcesRequestSchema, () => ({
    resources: RESOURCES.map((uri) => ({ uri, name: uri })),
  }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [{ uriTemplate: "test://template/{id}/data", name: "template" }],
  }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => ({
    contents: [contentOf(uri)],
  }));
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: Object.keys(MESSAGES).map((name) => ({ name, description: name })),
  }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => {
    const contents = MESSAGES[params.name]?.(params.arguments ?? {}) ?? [];
    return { messages: contents.map((content) => ({ role: "user", content })) as never };
  });
}

function contentOf(uri: string) {
  if (uri === "test://static-binary") return { uri, mimeType: "image/png", blob: PIXEL };
  return { uri, mimeType: "text/plain", text: `what is at ${uri}` };
}
