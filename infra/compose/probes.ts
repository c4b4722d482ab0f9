import { startSeconds } from "../../components/workload/defaults";
import { flagOf, listOf, type Node, objectOf, textOf } from "./node";
import type { Report } from "./report";
import { parseDuration } from "./values";

/**
 * A health check as probes. While it fails, a pod gets no requests; without a port there are none to withhold, so it restarts
 * the container. Compose gives a container its start period and then its retries before it counts as unhealthy.
 */
export function probesOf(name: string, healthcheck: Node | undefined, hasPort: boolean, report: Report): object {
    const entries = objectOf(healthcheck);
    const command = entries && !flagOf(entries.disable) ? commandOf(name, entries.test, report) : undefined;
    if (entries === undefined || command === undefined) return {};
    // Docker has the usual ones for zero too.
    const seconds = (key: string, usual: number): number => entries[key] === undefined || entries[key].value === null || parseDuration(textOf(entries[key]) ?? "") === 0 ? usual
        : parseDuration(textOf(entries[key]) ?? "") ?? report.wrong(entries[key], `services.${name}.healthcheck.${key}`, "a duration, such as 30s") ?? usual;
    const whole = (value: number) => Math.min(3600, Math.max(1, Math.round(value)));
    const retries = Number(textOf(entries.retries) ?? 3) === 0 ? 3 : Number(textOf(entries.retries) ?? 3);
    if (!Number.isInteger(retries) || retries < 1) return report.wrong(entries.retries, `services.${name}.healthcheck.retries`, "a whole number from 1") ?? {};
    const [interval, timeout] = [seconds("interval", 30), seconds("timeout", 30)];
    const startInterval = seconds("start_interval", Math.min(5, interval));
    const probe = { command, timeoutSeconds: whole(timeout), periodSeconds: whole(interval), failureThreshold: retries };
    // Compose never stops a container that starts slowly.
    const start = Math.max(seconds("start_period", 0) + interval * retries, startSeconds);
    const startup = { ...probe, periodSeconds: whole(startInterval), failureThreshold: Math.ceil(start / whole(startInterval)) };
    return { startup, [hasPort ? "readiness" : "liveness"]: probe };
}

function commandOf(name: string, test: Node | undefined, report: Report): string[] | undefined {
    const items = listOf(test)?.map(item => textOf(item) ?? "");
    const line = textOf(test);
    if (line !== undefined) return ["/bin/sh", "-c", line];
    if (items === undefined || items.length === 0 || items[0] === "NONE") return undefined;
    if (items[0] === "CMD" && items.length > 1) return items.slice(1);
    if (items[0] === "CMD-SHELL" && items.length === 2) return ["/bin/sh", "-c", items[1]];
    return test && report.wrong(test, `services.${name}.healthcheck.test`, "a command line, or a list that begins with CMD, CMD-SHELL or NONE");
}
