import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { transformedBy } from "../../transform";
import type { Capabilities, Cluster } from "../cluster";
import { inCluster } from "../options";
import { createProvider } from "../provider";
import type { BareMetalArgs } from "./args";
import { capabilitiesOf } from "./program/capabilities";
import { describeCluster } from "./program/describe";
import { createKubeRouter } from "./program/kube-router";
import { findNodes } from "./program/lookup";
import {
    createKubeconfig, createPatches, createRestore, createRotations, createSnapshots, createSpread,
} from "./program/maintenance";
import { createMachine, createMachines, createMember, createNetwork, createVersions } from "./program/nodes";

export type { BareMetalArgs, BareMetalNode, BareMetalRotations, BareMetalSnapshots, BareMetalSsh } from "./args";

/**
 * A cluster of your own machines, created by kubeadm over SSH: one server, or an odd number of control-plane nodes and any
 * number of workers. Each node is added, replaced, upgraded and removed on its own. A machine that was installed again is
 * noticed, and joins again.
 *
 * @example new BareMetal("cluster", { name: "server", nodes: { server: { host: "203.0.113.11" } } })
 */
export class BareMetal extends pulumi.ComponentResource implements Cluster {
    readonly kubeconfig: pulumi.Output<string>;
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;
    readonly deletedWith: pulumi.Resource;

    constructor(name: string, args: BareMetalArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:cluster:BareMetal", name, {}, transformedBy(args.transform, opts));
        const described = describeCluster(args);
        const found = findNodes(args, described, this);

        const machines = createMachines(`${name}-machines`, described, found, this);
        const ready = described.nodes.map(node =>
            createMachine(`${name}-${node.name}-machine`, node, described, found, machines, this));
        const restored = createRestore(`${name}-recovery`, described, found, { machines, installed: ready[0] }, this);
        const members: pulumi.Resource[] = [];
        for (const [index, node] of described.nodes.entries()) {
            const made = { machines, members, before: [ready[index], ...restored] };
            members.push(createMember(`${name}-${node.name}-member`, node, described, found, made, this));
        }
        const network = createNetwork(`${name}-network`, described, found, { machines, members }, this);
        const upgraded = createVersions(name, described, { machines, members, network }, this);
        const rotated = createRotations(name, described, { machines, upgraded }, this);
        const patched = createPatches(name, described, { machines, upgraded: rotated }, this);
        const spread = createSpread(`${name}-spread`, described, { machines, upgraded: patched }, this);
        const saved = createSnapshots(`${name}-snapshots`, described, found, { machines, upgraded: spread }, this);
        const admin = createKubeconfig(`${name}-kubeconfig`, described, found, { machines, upgraded: saved }, this);
        this.kubeconfig = pulumi.secret(admin.stdout);
        this.provider = createProvider(`${name}-provider`, {
            kubeconfig: this.kubeconfig,
            comparisons: args.comparisons,
            identifier: found.incarnation,
            // Objects that a snapshot restores exist already.
            upsert: args.snapshots?.restore !== undefined,
        }, this);
        this.capabilities = capabilitiesOf(args, described, found);
        this.deletedWith = machines;
        if (described.facts.network === "kube-router") createKubeRouter(inCluster(this, this));
        this.registerOutputs({ kubeconfig: this.kubeconfig });
    }
}
