import * as fs from "node:fs";
import * as path from "node:path";
import { Registered } from "../../../infra/cli/capture";
import { MessageCheck, Namespace } from "./protobuf";

type Message = Record<string, unknown>;
/** Where an input of the provider is in the API's message: another name, within another, or nowhere at all. */
type Mapping = Record<string, ((value: never) => Message) | undefined>;

const file = path.resolve(__dirname, "../../../node_modules/@google-cloud/container/build/protos/protos.json");
const check = new MessageCheck(["google", "container", "v1beta1"].reduce(
    (namespace, name) => (namespace.nested as Record<string, Namespace>)[name],
    JSON.parse(fs.readFileSync(file, "utf8")) as Namespace));

const same = (name: string) => (value: unknown): Message => ({ [name]: value });
/** What the provider keeps for itself, or puts into the address of the call. */
const notSent = (): Message => ({});

interface Recurring { startTime: string; endTime: string; recurrence: string }
interface Exclusion { exclusionName: string; startTime: string; endTime?: string; exclusionOptions: object }

/** What the provider (container_cluster and container_node_pool) makes of its inputs. */
const cluster: Mapping = {
    ...Object.fromEntries([
        "name", "network", "subnetwork", "releaseChannel", "databaseEncryption", "workloadIdentityConfig", "masterAuth",
        "anonymousAuthenticationConfig", "securityPostureConfig", "costManagementConfig", "privateClusterConfig",
        "controlPlaneEndpointsConfig", "addonsConfig", "initialNodeCount", "nodeConfig",
    ].map(name => [name, same(name)])),
    location: notSent,
    deletionProtection: notSent,
    removeDefaultNodePool: notSent,
    nodeLocations: same("locations"),
    minMasterVersion: same("initialClusterVersion"),
    networkingMode: (mode: string) => ({ ipAllocationPolicy: { useIpAliases: mode === "VPC_NATIVE" } }),
    ipAllocationPolicy: same("ipAllocationPolicy"),
    datapathProvider: (datapathProvider: string) => ({ networkConfig: { datapathProvider } }),
    enableIntranodeVisibility: (enableIntraNodeVisibility: boolean) => ({ networkConfig: { enableIntraNodeVisibility } }),
    gatewayApiConfig: (gatewayApiConfig: object) => ({ networkConfig: { gatewayApiConfig } }),
    enableAutopilot: (enabled: boolean) => ({ autopilot: { enabled } }),
    enableShieldedNodes: (enabled: boolean) => ({ shieldedNodes: { enabled } }),
    defaultMaxPodsPerNode: (maxPodsPerNode: number) => ({ defaultMaxPodsConstraint: { maxPodsPerNode } }),
    masterAuthorizedNetworksConfig: (given: object) => ({
        masterAuthorizedNetworksConfig: { enabled: true, ...given },
    }),
    loggingConfig: (componentConfig: object) => ({ loggingConfig: { componentConfig } }),
    monitoringConfig: ({ managedPrometheus, ...componentConfig }: { managedPrometheus: object }) => ({
        monitoringConfig: { componentConfig, managedPrometheusConfig: managedPrometheus },
    }),
    clusterAutoscaling: ({ enabled, autoscalingProfile, autoProvisioningDefaults, ...rest }: Message) => ({
        autoscaling: {
            enableNodeAutoprovisioning: enabled, autoscalingProfile,
            autoprovisioningNodePoolDefaults: autoProvisioningDefaults, ...rest,
        },
    }),
    maintenancePolicy: ({ recurringWindow, maintenanceExclusions, ...rest }: {
        recurringWindow: Recurring; maintenanceExclusions: Exclusion[];
    }) => {
        const { recurrence, ...window } = recurringWindow;
        const exclusions = maintenanceExclusions.map(({ exclusionName, exclusionOptions, ...times }) =>
            [exclusionName, { ...times, maintenanceExclusionOptions: exclusionOptions }]);
        return {
            maintenancePolicy: {
                window: {
                    recurringWindow: { window, recurrence },
                    maintenanceExclusions: Object.fromEntries(exclusions),
                },
                ...rest,
            },
        };
    },
};

const nodePool: Mapping = {
    ...Object.fromEntries(["name", "version", "initialNodeCount", "management", "upgradeSettings"]
        .map(name => [name, same(name)])),
    cluster: notSent,
    location: notSent,
    nodeLocations: same("locations"),
    nodeConfig: same("config"),
    autoscaling: (given: object) => ({ autoscaling: { enabled: true, ...given } }),
    nodeDrainConfigs: ([nodeDrainConfig]: object[]) => ({ nodeDrainConfig }),
};

const messages: Record<string, { message: string; mapping: Mapping }> = {
    "gcp:container/cluster:Cluster": { message: "Cluster", mapping: cluster },
    "gcp:container/nodePool:NodePool": { message: "NodePool", mapping: nodePool },
};

/** What the API of GKE would refuse of a cluster or a node pool. */
export function apiProblems({ type, inputs }: Pick<Registered, "type" | "inputs">): string[] {
    const { message, mapping } = messages[type];
    const unmapped = Object.keys(inputs).filter(key => mapping[key] === undefined);
    if (unmapped.length > 0) return unmapped.map(key => `It isn't known what becomes of ${key}`);
    const parts = Object.entries(inputs).map(([key, value]) => (mapping[key] as (value: unknown) => Message)(value));
    return check.problems(message, parts.reduce(merge, {}));
}

function merge(one: Message, other: Message): Message {
    const merged = { ...one };
    for (const [key, value] of Object.entries(other)) {
        merged[key] = key in merged ? { ...merged[key] as Message, ...value as Message } : value;
    }
    return merged;
}
