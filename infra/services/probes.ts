import type { Probes } from "../../components/workload";
import type { ServiceSettings } from "../config";

type Given = ServiceSettings["probes"];

/** The probes as Kubernetes has them; those that the settings don't mention are the component's. */
export function probesOf(given: Given): Partial<Probes> {
    const all = Object.entries(given) as [keyof Given, Given[keyof Given]][];
    return Object.fromEntries(all.flatMap(([name, probe]) => {
        if (probe === undefined) return [];
        const { path, command, ...timing } = probe;
        const check = command ? { exec: { command } } : path !== undefined ? { httpGet: { path, port: "main" } } : { tcpSocket: { port: "main" } };
        return [[name, { ...check, ...timing }]];
    }));
}
