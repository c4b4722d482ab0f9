/**
 * What containerd must forget for the images to go: their names, and those that it has itself given to what they lead to,
 * unless another image leads there too.
 * @param listed what `ctr images list` prints
 */
export function referencesTo(images: string[], listed: string): string[] {
    const lines = listed.split("\n").slice(1).map(line => line.split(/\s+/)).filter(([name]) => name !== "");
    const named = lines.filter(([name]) => images.includes(name));
    const digests = named.map(([, , digest]) => digest);
    const isAlias = (name: string): boolean => /^(sha256:|import-[\d-]+@sha256:)/.test(name);
    const shared = lines.filter(([name, , digest]) => digests.includes(digest) && !images.includes(name) && !isAlias(name)).map(([, , digest]) => digest);
    const aliases = lines.filter(([name, , digest]) => isAlias(name) && digests.includes(digest) && !shared.includes(digest));
    return [...named, ...aliases].map(([name]) => name);
}

/** Arguments of `ctr`, which every node has. */
export const listImages = ["--namespace", "k8s.io", "images", "list"];
export const removeImages = ["--namespace", "k8s.io", "images", "remove"];
