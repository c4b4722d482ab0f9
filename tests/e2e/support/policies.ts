import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../../../infra/offline/kit/run";
import type { RenderedObject } from "./rendered";

/** One side of traffic: a pod, or an address outside the cluster. */
export interface Side {
    name: string;
    namespace?: string;
    namespaceLabels?: Record<string, string>;
    labels?: Record<string, string>;
}

export interface Traffic {
    from: Side;
    to: Side;
    port: number;
    protocol: "TCP" | "UDP";
}

/** Has cyclonus, which evaluates NetworkPolicies, tell which of the traffic is let through. */
export async function letThrough(cyclonus: string, policies: RenderedObject[], traffic: Traffic[]): Promise<Traffic[]> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-policies-"));
    try {
        const [policyFile, trafficFile] = ["policies.json", "traffic.json"].map(name => path.join(directory, name));
        const list = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicyList", metadata: {}, items: policies };
        fs.writeFileSync(policyFile, JSON.stringify(list));
        fs.writeFileSync(trafficFile, JSON.stringify(traffic.map(toQuery)));
        const args = ["analyze", "--mode", "query-traffic", "--policy-path", policyFile, "--traffic-path", trafficFile];
        const answers = [...(await run(cyclonus, args)).matchAll(/IS ALLOWED\?\s*\|\s*(TRUE|FALSE)\b/gi)];
        if (answers.length !== traffic.length) {
            throw new Error(`cyclonus gave ${answers.length} answers to ${traffic.length} questions`);
        }
        return traffic.filter((_, index) => answers[index][1].toLowerCase() === "true");
    } finally {
        fs.rmSync(directory, { recursive: true });
    }
}

function toQuery({ from, to, port, protocol }: Traffic): object {
    return { Source: toPeer(from, 1), Destination: toPeer(to, 2), ResolvedPort: port, Protocol: protocol };
}

function toPeer({ namespace, namespaceLabels, labels }: Side, host: number): object {
    if (namespace === undefined) return { IP: `198.18.250.${host}` };
    return {
        IP: `198.19.64.${host}`,
        Internal: { Namespace: namespace, NamespaceLabels: namespaceLabels, PodLabels: labels },
    };
}
