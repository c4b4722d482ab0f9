/** Name under which this computer's Docker, and nodes to which images are loaded, have the image `name` with this content. */
export function existingImage(name: string, content: string): string {
    return `${localName(name)}:${content.replace(":", "-")}`;
}

/** No public registry serves this name: a node without the image must fail, not pull a stranger's. */
export function localName(name: string): string {
    return `landfall.local/${name}`;
}
