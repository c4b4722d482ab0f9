import type * as pulumi from "@pulumi/pulumi";
import { images, imageTags } from "../versions";

/** Names of the node images that the kit for closed networks builds. They contain the images of imageTags. */
export const kitNodeImage = "landfall/kind-node";
export const kitMinikubeImage = "landfall/minikube-node";

/**
 * Makes a resource refer to other projects' images by tag only: images from the kit or from a bundle don't have the digests
 * that they have in a registry.
 */
export const byTag: pulumi.ResourceTransformation = ({ props, opts }) => ({ props: withoutDigests(props), opts });

/** Replaces every pinned image by its tag, inside texts too. Values that aren't known yet stay. */
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
