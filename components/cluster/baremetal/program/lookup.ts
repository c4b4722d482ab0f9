import * as pulumi from "@pulumi/pulumi";
import { randomUUID } from "node:crypto";
import { type LocalVolume, strandedVolumes, type Stands } from "../../compare";
import { findCluster, renderedIncarnation, rendering } from "../../lookup";
import type { BareMetalArgs } from "../args";
import { storageOf } from "./capabilities";
import { type DescribedCluster, volumesDirectory } from "./describe";
import type { Administrator } from "./facts";
import { plainEnvironment, script } from "./scripts";

const day = 24 * 3600;

/** What exists of the cluster. */
export interface FoundNodes {
    /** Of the cluster. */
    incarnation: string;
    /** Of each node; new for a machine that isn't one yet. */
    members: Record<string, string>;
    /** Number of the administrator's kubeconfig that is wanted. */
    generation: number;
}

/** Asks the machines which of them are nodes of this stack's cluster, and refuses settings that it can't change to. */
export function findNodes(args: BareMetalArgs, described: DescribedCluster, parent: pulumi.Resource): FoundNodes {
    const { nodes, facts } = described;
    const { incarnation, members = {}, standing, administrator } = findCluster(
        script("status"), plainEnvironment<"status">({ cluster: { owner: facts.owner }, nodes }, described), parent,
    );
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

/** Claims whose pods can run on one node only, given as NODE=NAMESPACE/CLAIM. */
function homeVolumes(homes = ""): LocalVolume[] {
    return homes.split(" ").filter(Boolean).map(home => {
        const [node, owner] = home.split("=");
        return { node, owner };
    });
}

/** A wanted virtual address is the API's, so it is compared with the endpoint that the cluster was created with. */
function standingValues({ endpoint, ...made }: Record<string, string>, virtualAddress?: string): Record<string, Stands> {
    const [key, value] = virtualAddress === undefined ? ["endpoint", endpoint] : ["virtualAddress", endpoint?.replace(/:6443$/, "")];
    const all = { ...made, ...(endpoint !== undefined && { [key]: value }) };
    return Object.fromEntries(Object.entries(all).map(([name, text]) => [name, { value: text }]));
}

/** What can't be changed in place, by the names of the settings. */
function wantedOf({ nodes, facts }: DescribedCluster): Record<string, unknown> {
    const { version, podSubnet, serviceSubnet, network, endpoint, virtualAddress } = facts;
    return {
        kubernetesVersion: version, podSubnet, serviceSubnet, network, endpoint, virtualAddress,
        ...Object.fromEntries(nodes.flatMap(({ name, address, role }) =>
            [[`nodes.${name}.address`, address], [`nodes.${name}.role`, role]])),
    };
}

/** Whether the next one should be signed: in the last third of its lifetime. */
function isDue({ signed, ends }: Administrator, now: number): boolean {
    return now > ends - (ends - signed) / 3;
}

/** The number of the wanted kubeconfig; a higher number than before makes the cluster sign it. */
export function generationOf(found: Administrator | undefined, now: number): number {
    if (!found) return 1;
    return isDue(found, now) ? found.generation + 1 : found.generation;
}

/** Tells people that the kubeconfig expires soon, or has expired. */
export function administratorWarning(found: Administrator | undefined, now: number): string | undefined {
    if (!found || !isDue(found, now)) return undefined;
    const days = Math.floor((found.ends - now) / day);
    const until = new Date(found.ends * 1000).toISOString().slice(0, 10);
    return `The administrator's kubeconfig ${days < 0 ? "ended" : `ends in ${days} days,`} on ${until}. ` +
        "pulumi up signs another, and changes nothing else.";
}
