import type { AksArgs } from "../../../components/cluster/aks";
import { ClusterContext } from "../../../components/cluster";
import { Registered } from "../../../infra/cli/capture";
import { captureCluster, CapturedCluster } from "./cluster";

/** What the config makes of the least that it asks for. */
export const aksArgs = {
    target: "aks",
    name: "landfall-prod",
    size: "production",
    subscription: "12345678-aaaa-bbbb-cccc-1234567890ab",
    location: "westeurope",
    zones: ["1", "2", "3"],
    kubernetesVersion: "1.35",
    admins: ["87654321-aaaa-bbbb-cccc-ba0987654321"],
    authorizedNetworks: ["203.0.113.0/24"],
    network: "10.20.0.0/16",
    podSubnet: "10.128.0.0/14",
    serviceSubnet: "172.20.0.0/16",
    provisioning: "pools",
    maintenance: { day: "Sunday", start: "02:00", hours: 4 },
    tags: {},
} satisfies AksArgs & { target: "aks" };

const made = new Map<string, Promise<CapturedCluster>>();

/** Makes a cluster with some settings changed, and nothing else; the same settings once. */
export function captureAks(changes: Partial<AksArgs>, context?: ClusterContext): Promise<CapturedCluster> {
    const key = JSON.stringify([changes, context, process.env.LANDFALL_RENDER]);
    const captured = made.get(key) ?? capture(changes, context);
    made.set(key, captured);
    return captured;
}

async function capture(changes: Partial<AksArgs>, context?: ClusterContext): Promise<CapturedCluster> {
    const captured = await captureCluster({ ...aksArgs, ...changes }, context);
    // Stands for the six characters, which must be what Azure takes in names.
    const real = (inputs: Registered["inputs"]) =>
        JSON.parse(JSON.stringify(inputs).replaceAll("random:cluster-suffix", "a1b2c3")) as Registered["inputs"];
    const resources = captured.resources.map(resource => ({ ...resource, inputs: real(resource.inputs) }));
    return {
        ...captured,
        resources,
        find: name => resources.find(resource => resource.name === name) ?? captured.find(name),
        ofType: type => resources.filter(resource => resource.type === type),
    };
}
