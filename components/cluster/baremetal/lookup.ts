import * as pulumi from "@pulumi/pulumi";
import { randomUUID } from "node:crypto";
import { findCluster, renderedIncarnation, rendering } from "../lookup";
import type { DescribedCluster } from "./describe";
import { plainEnvironment } from "./secrets";

/** What there is of the cluster. */
export interface FoundNodes {
    /** Of the cluster. */
    incarnation: string;
    /** Of each node, new for one that is none. */
    members: Record<string, string>;
}

/** Asks the machines which of them are nodes of this stack's cluster. */
export function findNodes({ nodes, facts, ssh, secrets }: DescribedCluster, parent: pulumi.Resource): FoundNodes {
    const { incarnation, members = {} } = findCluster("components/cluster/baremetal/status.mjs", {
        CLUSTER: JSON.stringify({ owner: facts.owner }),
        NODES: JSON.stringify(nodes),
        SSH: JSON.stringify(ssh),
        ...plainEnvironment(secrets),
    }, parent);
    const fresh = () => rendering() ? renderedIncarnation : randomUUID();
    return { incarnation, members: Object.fromEntries(nodes.map(({ name }) => [name, members[name] ?? fresh()])) };
}
