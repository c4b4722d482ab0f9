import * as pulumi from "@pulumi/pulumi";
import { randomUUID } from "node:crypto";
import { type LocalVolume, strandedVolumes, type Stands } from "../../compare";
import { findCluster, renderedIncarnation, rendering } from "../../lookup";
import { administratorWarning, generationOf } from "./administrator";
import type { BareMetalArgs } from "../args";
import { storageOf } from "./capabilities";
import { type DescribedCluster, volumesDirectory } from "./describe";
import { plainEnvironment } from "./secrets";

/** What there is of the cluster. */
export interface FoundNodes {
    /** Of the cluster. */
    incarnation: string;
    /** Of each node, new for one that is none. */
    members: Record<string, string>;
    /** The number of the administrator's kubeconfig that is to be. */
    generation: number;
}

/** Asks the machines which of them are nodes of this stack's cluster, and whether it may become what is described. */
export function findNodes(args: BareMetalArgs, described: DescribedCluster, parent: pulumi.Resource): FoundNodes {
    const { nodes, facts, ssh, secrets } = described;
    const { incarnation, members = {}, standing, administrator } = findCluster("components/cluster/baremetal/operator/status.ts", {
        CLUSTER: JSON.stringify({ owner: facts.owner }),
        NODES: JSON.stringify(nodes),
        SSH: JSON.stringify(ssh),
        ...plainEnvironment(secrets),
    }, parent);
    if (standing) {
        const { volumes, homes, ...made } = standing;
        const stranded = strandedVolumes(
            [...ownVolumes(volumes), ...homeVolumes(homes)], storageOf(args, nodes.length === 1), nodes.map(({ name }) => name),
        );
        args.comparisons?.cluster?.(
            { ...standingValues(made, facts.virtualAddress), ...(stranded && { nodes: stranded.stands }) },
            { ...wantedOf(described), nodes: stranded?.wanted },
        );
    }
    const fresh = () => rendering() ? renderedIncarnation : randomUUID();
    const now = Date.now() / 1000;
    const warning = administratorWarning(administrator, now);
    if (warning !== undefined) pulumi.log.warn(warning, parent);
    return {
        incarnation,
        members: Object.fromEntries(nodes.map(({ name }) => [name, members[name] ?? fresh()])),
        generation: generationOf(administrator, now),
    };
}

/** The claims of volumes on the only machine's disk, by their directories (components/platform/storage.ts). */
function ownVolumes(directories = ""): LocalVolume[] {
    return directories.split(" ").filter(directory => directory.startsWith(`${volumesDirectory}/`)).map(directory =>
        ({ owner: directory.slice(volumesDirectory.length + 1).replace(/_.*/, ""), directory }));
}

/** Those whose pods can run on one node only, as NODE=NAMESPACE/CLAIM. */
function homeVolumes(homes = ""): LocalVolume[] {
    return homes.split(" ").filter(Boolean).map(home => {
        const [node, owner] = home.split("=");
        return { node, owner };
    });
}

/** A virtual address is the API's: where one is wanted, it is compared with the endpoint that the cluster was made with. */
function standingValues({ endpoint, ...made }: Record<string, string>, virtualAddress?: string): Record<string, Stands> {
    const [key, value] = virtualAddress === undefined ? ["endpoint", endpoint] : ["virtualAddress", endpoint?.replace(/:6443$/, "")];
    const all = { ...made, ...(endpoint !== undefined && { [key]: value }) };
    return Object.fromEntries(Object.entries(all).map(([name, text]) => [name, { value: text }]));
}

/** What can't be changed, by the names of the settings. */
function wantedOf({ nodes, facts }: DescribedCluster): Record<string, unknown> {
    const { version, podSubnet, serviceSubnet, network, endpoint, virtualAddress } = facts;
    return {
        kubernetesVersion: version, podSubnet, serviceSubnet, network, endpoint, virtualAddress,
        ...Object.fromEntries(nodes.flatMap(({ name, address, role }) =>
            [[`nodes.${name}.address`, address], [`nodes.${name}.role`, role]])),
    };
}
