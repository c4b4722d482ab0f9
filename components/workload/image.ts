import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Cluster, ImageDelivery } from "../cluster/cluster";
import { rendering } from "../cluster/lookup";
import { sortedFiles } from "../project";
import { proxyVariables } from "../proxy";
import { scriptCommand } from "../script";
import { Transform, transformedBy } from "../transform";
import { images, imagesDate, imageTags } from "../versions";
import { dockerContext, hiddenDaemon } from "./docker-host";
import { readIgnored } from "./docker-ignore";
import { existingImage, localName } from "./image-names";

export interface ContainerImageArgs {
    cluster: Cluster;
    /** Directory of the Dockerfile, relative to the program's working directory. @example "images/web" */
    context: string;
    /**
     * Date of the image. A new date rebuilds it with that day's packages.
     * @default the date in components/images.lock.json
     * @example "2026-11-29"
     */
    date?: string;
    /**
     * Image to build on.
     * @default Debian 13 by digest; by tag if the cluster uses images by tag
     * @example "registry.example.com/debian:13-slim"
     */
    base?: string;
    /** The Dockerfile, relative to the context. @default "Dockerfile" @example "docker/web.Dockerfile" */
    dockerfile?: string;
    /** Further build arguments. They are visible in the image's history, so they must not be secret. */
    args?: Record<string, string>;
    /** Stage of the Dockerfile to build. @default the last one */
    target?: string;
    /**
     * The environment that the image is deleted with: `imageOwner` of an Environment. The image then has a name of its own, so no
     * image of another stack is deleted. Without effect in the stack of a cloud's cluster, whose registry is deleted with it.
     * @default none: stacks with the same sources have the same image, which stays
     */
    owner?: string;
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/** An image that exists already: nothing is built. */
export interface ExistingImageArgs extends Pick<ContainerImageArgs, "cluster" | "transform"> {
    /** Digest of its configuration, which names all of its content. This computer's Docker has it under `existingImage(name, content)`. */
    content: string;
}

type Delivery<Method> = Extract<ImageDelivery, { method: Method }>;

/** What the script push-image.ts needs to know about the build. */
export interface Build {
    context: string;
    dockerfile: string;
    platform?: string;
    args: Record<string, string>;
    target?: string;
}

/** An image that is built from a Dockerfile, or that exists already, and is delivered to the cluster's nodes. */
export class ContainerImage extends pulumi.ComponentResource {
    /** Reference for pods: by digest from a registry, otherwise by a tag that names the date and the sources, or the content. */
    readonly reference: pulumi.Output<string>;

    constructor(name: string, args: ContainerImageArgs | ExistingImageArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:workload:ContainerImage", name, {}, transformedBy(args.transform, opts));
        this.reference = "content" in args ? this.provide(name, args) : this.build(name, args);
        this.registerOutputs({ reference: this.reference });
    }

    private build(name: string, args: ContainerImageArgs): pulumi.Output<string> {
        const { capabilities } = args.cluster;
        const { context, date = imagesDate, base = capabilities.imagesByTag ? imageTags.base : images.base } = args;
        const delivery = capabilities.images;
        const build: Build = {
            context,
            dockerfile: `${context}/${args.dockerfile ?? "Dockerfile"}`,
            platform: delivery.platform,
            args: { ...args.args, ...buildArgs(date, base) },
            ...(args.target !== undefined && { target: args.target }),
        };
        const { dockerfile, target } = args;
        const own = [dockerfile, args.args, target].some(given => given !== undefined) ? [JSON.stringify([dockerfile, args.args, target])] : [];
        // One of another name may be outside the context, or ignored in it.
        if (dockerfile !== undefined) own.push(readDockerfile(name, build.dockerfile));
        const tag = `${date}-${digest(directoryDigest(context), base, ...own)}${suffixOf(delivery.platform)}`;
        if (delivery.method === "push") return this.push(name, tag, { BUILD: JSON.stringify(build) }, delivery, args.owner);
        warnOfContext();
        const repository = localName(args.owner === undefined ? name : owned(name, args.owner));
        const imageName = `${repository}:${tag}`;
        const image = new docker.Image(`${name}-image`, {
            imageName, build: { ...build, args: { ...build.args, ...proxyArgs() } }, skipPush: true,
        }, { parent: this });
        const removal = args.owner === undefined || delivery.unload === undefined ? []
            : [this.remove(name, delivery.unload, { ...delivery.environment, REPOSITORY: repository }, args.cluster.provider)];
        return this.load(name, imageName, delivery, [image, args.cluster.provider, ...removal]);
    }

    private provide(name: string, { cluster, content }: ExistingImageArgs): pulumi.Output<string> {
        const delivery = cluster.capabilities.images;
        const imageName = existingImage(name, content);
        return delivery.method === "push"
            ? this.push(name, content.replace(":", "-"), { SOURCE: imageName }, delivery)
            : this.load(name, imageName, delivery, [cluster.provider]);
    }

    private load(name: string, imageName: string, delivery: Delivery<"load">, dependsOn: pulumi.Resource[]): pulumi.Output<string> {
        const loaded = scriptCommand(`${name}-load`, {
            create: delivery.script,
            environment: { ...delivery.environment, IMAGE: imageName },
        }, { parent: this, dependsOn });
        return loaded.id.apply(() => imageName);
    }

    /**
     * The image's name covers everything that goes into it. Anything else that differs between runs or computers, such as a
     * login, must not push it again: a registry with immutable tags would refuse.
     */
    private push(
        name: string, tag: string, origin: { BUILD: string } | { SOURCE: string }, delivery: Delivery<"push">, owner?: string,
    ): pulumi.Output<string> {
        const { registry, disposable = registry, naming, credentials } = delivery;
        const nameOf = (name: pulumi.Input<string>, at = registry): pulumi.Output<string> => naming === "tag"
            ? pulumi.interpolate`${at}:${name}-${tag}` : pulumi.interpolate`${at}/${name}:${tag}`;
        // The login of a cloud's stack would have expired when the image is deleted. There, the registry is deleted with the cluster.
        const own = owner === undefined || credentials ? undefined : this.own(name, owner, delivery);
        const imageName = own === undefined ? nameOf(name) : nameOf(own.name, disposable);
        const pushed = scriptCommand(`${name}-push`, {
            create: "components/workload/push-image.ts",
            environment: {
                IMAGE: imageName,
                ...origin,
                ...(own && { SHARED_IMAGE: nameOf(name) }),
                ...(credentials && { REGISTRY_USER: credentials.username, REGISTRY_PASSWORD: credentials.password }),
            },
            triggers: [imageName],
            // Only updates ignore the changes: a replacement uses the current login. It exists before the old one is deleted.
        }, { parent: this, ignoreChanges: ["environment"], deleteBeforeReplace: false, dependsOn: own?.removal });
        const printed = rendering() ? `sha256:${"0".repeat(64)}` : pulumi.unsecret(pushed.stdout);
        // Earlier versions printed only the digest.
        return pulumi.all([imageName, printed]).apply(([named, text]) => text.includes("@") ? text : `${named}@${text}`);
    }

    /**
     * A repository that only this stack pushes to, even if an environment on another cluster has the same name. Where all images
     * share the cluster's own repository, tags begin with the environment's name instead.
     */
    private own(name: string, owner: string, { registry, disposable = registry, naming }: Delivery<"push">): { name: pulumi.Input<string>; removal: pulumi.Resource } {
        const script = "components/workload/remove-images.ts";
        if (naming === "tag") {
            const own = owned(name, owner);
            return { name: own, removal: this.remove(name, script, { REPOSITORY: disposable, TAG_PREFIX: `${own}-` }) };
        }
        const { result } = new random.RandomUuid(`${name}-repository`, {}, { parent: this });
        const own = pulumi.interpolate`${owned(name, owner)}_${result.apply(id => id.slice(0, 8))}`;
        return { name: own, removal: this.remove(name, script, { REPOSITORY: pulumi.interpolate`${disposable}/${own}` }) };
    }

    /** Removes all images of a repository, whatever their versions: it is created before the first one, and deleted after the last. */
    private remove(
        name: string, script: string, environment: Record<"REPOSITORY", pulumi.Input<string>> & Record<string, pulumi.Input<string>>, dependsOn?: pulumi.Resource,
    ): pulumi.Resource {
        const triggers = [environment.REPOSITORY];
        // If the settings name another registry, the old one's images are removed once the pods run the new one's.
        return scriptCommand(`${name}-removal`, { delete: script, environment, triggers, tells: true }, { parent: this, dependsOn, deleteBeforeReplace: false });
    }
}

/** No service or environment has this character in its name. */
function owned(name: string, owner: string): string {
    return `${owner}_${name}`;
}

/** Build arguments of the Dockerfiles. */
export function buildArgs(date: string, base: string): Record<string, string> {
    return { BASE_IMAGE: base, CREATED: `${date}T00:00:00Z` };
}

let isWarned = false;

function warnOfContext(): void {
    if (rendering() || isWarned) return;
    isWarned = true;
    const warning = hiddenDaemon(dockerContext());
    if (warning) void pulumi.log.warn(warning);
}

/** Docker predefines these arguments and leaves them out of the image: a proxy's address may contain a login. */
function proxyArgs(): Record<string, pulumi.Input<string>> {
    if (rendering()) return {}; // the same on every computer
    return Object.fromEntries(Object.entries(proxyVariables()).map(([name, value]) =>
        [name, value.includes("@") ? pulumi.secret(value) : value]));
}

/** Part of the name of images for another processor, so that both can exist on this computer. */
function suffixOf(platform: string | undefined): string {
    return platform === undefined ? "" : `-${platform.split("/")[1]}`;
}

/**
 * Twelve hexadecimal digits that change when any file in the directory changes that its .dockerignore doesn't exclude, and
 * are the same on every system.
 */
export function directoryDigest(directory: string): string {
    const ignored = readIgnored(directory);
    const files = sortedFiles(fs.readdirSync(directory, { recursive: true, encoding: "utf8" }));
    return digest(...files.filter(file => !ignored(file) && isFile(path.join(directory, file)))
        .flatMap(file => [file, fs.readFileSync(path.join(directory, file))]));
}

function readDockerfile(image: string, file: string): string {
    if (isFile(file)) return fs.readFileSync(file, "utf8");
    throw new pulumi.RunError(`The image ${image} can't be built: there is no Dockerfile ${file}. Correct its path, or create it. Nothing was changed.`);
}

/** A link that leads nowhere is none. */
function isFile(file: string): boolean {
    return fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function digest(...parts: (string | Buffer)[]): string {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part).update("\0");
    return hash.digest("hex").slice(0, 12);
}
