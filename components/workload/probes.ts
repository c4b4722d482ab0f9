import { startSeconds } from "./defaults";
import type { Probes } from "./pod";

const connects = { tcpSocket: { port: "main" } };

/** Whether the port accepts a connection within a second. */
export const defaultProbes: Probes = {
    startup: { ...connects, periodSeconds: 1, failureThreshold: startSeconds },
    readiness: { ...connects, periodSeconds: 5, failureThreshold: 3 },
    liveness: { ...connects, periodSeconds: 10, failureThreshold: 6 },
};
