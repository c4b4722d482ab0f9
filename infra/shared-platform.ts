import { readKubeconfig } from "../components/cluster/existing";
import { lookingAtNothing } from "../components/cluster/lookup";
import { stackName } from "../components/cluster/ownership/marks";
import { findPlatform, type FoundPlatform } from "../components/platform";
import { gatewayLimits } from "../components/platform/gateway/limits";
import { Refusal } from "../components/refusal";
import { version } from "../components/release";
import { readStackResources } from "../components/stack-outputs";
import { requestTimes } from "../components/workload/limits";
import { type ClusterSettings, sharesPlatform } from "./config";

/**
 * The platform that another stack made, if the settings say to share it.
 * @throws Refusal if there is none, or if it is this stack's own
 */
export async function findSharedPlatform(cluster: ClusterSettings): Promise<FoundPlatform | undefined> {
    if (!sharesPlatform(cluster)) return undefined;
    const kubeconfig = await readKubeconfig(cluster);
    if (lookingAtNothing() || kubeconfig === undefined) return placeholder;
    await refuseOwnPlatform();
    const found = await findPlatform(kubeconfig);
    if (found.stack === stackName()) {
        throw new Refusal(`The cluster's platform belongs to a stack with this one's name, ${found.stack}. Either this stack made it and has `
            + "lost its state, or another stack has the same name.\nSet landfall:cluster: { sharedPlatform: false } if this stack made it; "
            + "otherwise choose another name for this stack. Nothing was changed.");
    }
    return found;
}

/** Sharing another's platform would delete the stack's own, and with it every environment's way in. */
async function refuseOwnPlatform(): Promise<void> {
    const urns = Object.keys(await readStackResources());
    if (!urns.some(urn => urn.split("::")[2] === "landfall:platform:Platform")) return;
    throw new Refusal("This stack made the platform of its cluster, and landfall:cluster.sharedPlatform would delete it.\n"
        + "Set landfall:cluster: { sharedPlatform: false }. Nothing was changed.");
}

/** In place of a platform if the program is only rendered: it can carry anything. */
const placeholder: FoundPlatform = {
    format: 1,
    version,
    stack: "landfall/platform",
    issuers: ["ca", "acme"],
    endpoint: "",
    gateway: "",
    certificates: "",
    limits: gatewayLimits({ times: requestTimes({ requestSeconds: 1e6, largestTransfer: 1e12 }), pods: Infinity, requests: Infinity }, 0),
    capabilities: {
        loadBalancing: { type: "LoadBalancer", drainSeconds: 0, seesClients: true },
        apiServerPorts: [6443],
        networkPolicy: "enforced",
        sharedStorageClass: "shared",
        images: { method: "push", registry: "registry.invalid" },
    },
};
