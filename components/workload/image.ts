import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Cluster, ImageDelivery } from "../cluster/cluster";
import { scriptCommand } from "../script";

export interface ContainerImageArgs {
    cluster: Cluster;
    /** Directory of the Dockerfile, relative to the project, for example `infra/images/web`. */
    context: string;
}

/** An image built from a Dockerfile and brought to where the cluster's nodes find it. */
export class ContainerImage extends pulumi.ComponentResource {
    /** Reference for pods: by digest from a registry, else by a tag that is the digest of its sources. */
    readonly reference: pulumi.Output<string>;

    constructor(name: string, args: ContainerImageArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:workload:ContainerImage", name, {}, opts);
        const delivery = args.cluster.capabilities.images;
        const imageName = nameOf(name, directoryDigest(args.context), delivery);
        const image = new docker.Image(`${name}-image`, {
            imageName,
            build: {
                context: args.context,
                dockerfile: `${args.context}/Dockerfile`,
                platform: delivery.platform,
            },
            skipPush: delivery.method === "load",
            registry: delivery.method === "push" && delivery.credentials
                ? { server: delivery.registry, ...delivery.credentials } : undefined,
        }, { parent: this });

        if (delivery.method === "push") {
            this.reference = image.repoDigest;
        } else {
            const loaded = scriptCommand(`${name}-load`, {
                create: delivery.script,
                environment: { ...delivery.environment, IMAGE: imageName },
            }, { parent: this, dependsOn: [image, args.cluster.provider] });
            this.reference = pulumi.all([loaded.id, imageName]).apply(([, tag]) => tag);
        }
        this.registerOutputs({ reference: this.reference });
    }
}

function nameOf(name: string, digest: string, delivery: ImageDelivery): pulumi.Input<string> {
    // A name that no public registry answers to: a node that lacks the image must fail, not fetch a stranger's.
    if (delivery.method === "load") return `landfall.local/${name}:${digest}${suffixOf(delivery.platform)}`;
    const tag = delivery.naming === "tag" ? `:${name}-${digest}` : `/${name}:${digest}`;
    return typeof delivery.registry === "string"
        ? `${delivery.registry}${tag}` : pulumi.interpolate`${delivery.registry}${tag}`;
}

/** On this computer images for other processors are beside its own. */
function suffixOf(platform: string | undefined): string {
    return platform === undefined ? "" : `-${platform.split("/")[1]}`;
}

/** Twelve hexadecimal digits that change whenever a file of the directory does, the same on every system. */
export function directoryDigest(directory: string): string {
    const hash = createHash("sha256");
    for (const file of fs.readdirSync(directory, { recursive: true, encoding: "utf8" }).sort()) {
        const full = path.join(directory, file);
        if (fs.statSync(full).isFile()) {
            hash.update(file.split(path.sep).join("/")).update("\0").update(fs.readFileSync(full)).update("\0");
        }
    }
    return hash.digest("hex").slice(0, 12);
}
