import { systemClock } from "../../src/adapters/clock/system.ts";
import { httpProvider } from "../../src/adapters/provider/http/http-provider.ts";
import { DEFAULT_SCRIPT } from "../../src/adapters/provider/simulated/script.ts";
import { simulatedProvider } from "../../src/adapters/provider/simulated/simulated-provider.ts";
import { providerConformance } from "../../src/testing/provider-conformance.ts";
import { someRules } from "../../src/testing/provider-fixture.ts";
import { simulatedUpstream } from "../../src/testing/simulated-upstream.ts";

providerConformance("simulated", async (script) => {
  const settings = { rules: someRules("simulated"), simulated: { ...DEFAULT_SCRIPT, ...script } };
  const provider = simulatedProvider(settings, systemClock);
  return { provider, dispose: () => provider.close() };
});

for (const kind of ["openai", "anthropic"] as const) {
  providerConformance(`http, kind ${kind}`, async (script) => {
    const upstream = await simulatedUpstream({ clock: systemClock, script });
    const provider = httpProvider({
      rules: someRules(kind),
      kind,
      baseUrl: upstream.url,
      apiKey: "sk-test-only",
      headers: {},
      connectionsMax: 256,
    });
    return {
      provider,
      bytesWritten: () => upstream.bytesReceived(),
      dispose: async () => {
        await provider.close();
        await upstream.close();
      },
    };
  });
}
