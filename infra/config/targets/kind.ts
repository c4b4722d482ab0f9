import * as z from "zod";
import { networkSize, parseNetwork } from "../../../components/cluster/ipv4";
import { images } from "../../../components/versions";
import { Context } from "../schema/defaults";
import { image, network, portablePath, target } from "../schema/fields";
import { rule, Violation } from "../schema/rule";
import { laptopKeys } from "./laptop";
import { differentPorts, subnets, subnetsApart } from "./networks";

/** `~/.landfall` stands for LANDFALL_HOME, if set: see components/cluster/scripts/home.ts. */
const volumes = "~/.landfall/<name>/volumes";
const elsewhere = "replaces the cluster; data stays in the old directory, and the site starts empty";
/** kind gives every node a /24 of the pod network. */
const podsOfNode = 24;

/** A cluster in containers on this computer, created by kind. */
export function kind(context: Context) {
    const keys = z.strictObject({
        target: target("kind", "Creates a cluster on this computer with kind (Kubernetes in Docker)."),
        ...laptopKeys(context, "kind cluster", elsewhere),
        image: image().default(images.kindNode).meta({
            description: "Node image. It determines the Kubernetes version.", example: "kindest/node:v1.36.4",
        }),
        data: portablePath("a directory on this computer").optional().meta({
            description: "Directory on this computer that holds the cluster's volumes, shared by all nodes.",
            example: "~/landfall-data", defaultText: `\`${volumes}\``,
            change: elsewhere,
        }),
        podSubnet: network(8, podsOfNode).default(subnets.podSubnet).meta({
            description: "Network of the pods. Every node uses a /24 of it.", example: "198.18.0.0/16",
        }),
        serviceSubnet: network(12, 28).default(subnets.serviceSubnet).meta({
            description: "Network of the Services.", example: "198.19.0.0/20",
        }),
    });
    return rule(rule(rule(keys, ["http", "https"], differentPorts), ["podSubnet", "serviceSubnet"], subnetsApart),
        ["podSubnet", "nodes"], room)
        .transform(({ data, ...cluster }) => ({
            ...cluster, data: data ?? volumes.replace("<name>", cluster.name),
        }))
        .meta({
            description: "A cluster on this computer, in Docker containers. Ports are published on 127.0.0.1 only.",
            example: { target: "kind", nodes: 2 },
            change: "replaces the cluster; data stays in its directory on this computer",
        });
}

function room({ podSubnet, nodes }: { podSubnet: string; nodes: number }): Violation | undefined {
    const pods = parseNetwork(podSubnet);
    const holds = pods ? networkSize(pods.prefix) / networkSize(podsOfNode) : 0;
    return nodes <= holds ? undefined : {
        keys: ["podSubnet", "nodes"], problem: `has room for ${holds} node${holds === 1 ? "" : "s"} only`,
        allowed: "a network with a /24 for every node",
        example: { nodes, podSubnet: subnets.podSubnet },
    };
}
