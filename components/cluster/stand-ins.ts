import type * as pulumi from "@pulumi/pulumi";
import { images, imageTags } from "../versions";

/** Names of the node images that the kit of a closed network builds; the images of imageTags are inside. */
export const kitNodeImage = "landfall/kind-node";
export const kitMinikubeImage = "landfall/minikube-node";

/**
 * Has a resource name other projects' images by tag alone: a node has them from the kit or from a bundle, which carry
 * none of the digests that a registry knows.
 */
export const byTag: pulumi.ResourceTransformation = ({ props, opts }) => ({ props: withoutDigests(props), opts });

/** The value with every pinned image, in settings written as text too, by its tag; what isn't known yet stays. */
function withoutDigests<T>(value: T): T {
    if (typeof value === "string") return tagsIn(value) as T;
    if (Array.isArray(value)) return value.map(withoutDigests) as T;
    if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, withoutDigests(below)])) as T;
}

function tagsIn(text: string): string {
    if (!text.includes("@sha256:")) return text;
    const names = Object.keys(images) as (keyof typeof images)[];
    return names.reduce((changed, name) => changed.replaceAll(images[name], imageTags[name]), text);
}
