/**
 * For those who write an adapter of their own, or test an agent: what every store, provider, tool
 * server, notifier, policy engine and sink of decisions must do, as suites for vitest, and the
 * fakes that pass them. Import it from a vitest test.
 */
export { simulatedProvider } from "../adapters/provider/simulated/simulated-provider.ts";
export { type MemoryData, memoryData, memoryStore } from "../adapters/store/memory/index.ts";
export {
  type DecisionSinkFixture,
  decisionSinkConformance,
  type OpenDecisionSink,
} from "./decision-sink-conformance.ts";
export { type FakeDecisionReceiver, fakeDecisionReceiver } from "./fake-decision-receiver.ts";
export { type FakeDecisionSink, fakeDecisionSink, type SinkAnswer } from "./fake-decision-sink.ts";
export { type FakeLogCollector, fakeLogCollector, type LogRecord } from "./fake-log-collector.ts";
export { fakeSlack, type SlackMessage } from "./fake-slack.ts";
export { type CloudEvent, type FakeWebhook, fakeWebhook } from "./fake-webhook.ts";
export type { FarAnswer, FarEnd } from "./far-end.ts";
export { type McpFixture, mcpFixture } from "./mcp-fixture.ts";
export type { McpScript } from "./mcp-script.ts";
export {
  type NotifierFixture,
  notifierConformance,
  type OpenNotifier,
} from "./notifier-conformance.ts";
export {
  type OpenPolicyEngine,
  type PolicyAsked,
  type PolicyEngineFixture,
  type PolicyEngineSpoken,
  policyEngineConformance,
} from "./policy-engine-conformance.ts";
export { providerConformance } from "./provider-conformance.ts";
export type { OpenProvider, ProviderFixture } from "./provider-fixture.ts";
export {
  type SimulatedUpstream,
  simulatedUpstream,
  type UpstreamOptions,
} from "./simulated-upstream.ts";
export { type Fixture, type OpenFixture, storeConformance } from "./store-conformance/index.ts";
export { type TestClock, testClock } from "./test-clock.ts";
export { toolServerConformance } from "./tool-server-conformance.ts";
export type { OpenToolServer, ToolScript, ToolServerFixture } from "./tool-server-fixture.ts";
