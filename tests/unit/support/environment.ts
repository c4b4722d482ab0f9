import { resetOptions } from "@pulumi/pulumi/runtime/settings";
import { afterAll, vi } from "vitest";

// Files share a process, so that what they load is loaded once: each leaves the environment as it found it, and begins
// without the mocks of another file, whose stack would be that of its own tests.
resetOptions("landfall", "stack", -1, "", "", false, "organization");
const before = { ...process.env };

// The program is only looked at: it must not ask this computer for its clusters.
process.env.LANDFALL_RENDER = "1";

afterAll(() => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
    vi.useRealTimers();
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
});

// Files share a process, and each command listens to signals until its process ends: no leak.
process.setMaxListeners(0);
