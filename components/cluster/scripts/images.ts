import { main, setting } from "./process";

/** Whether this is an image of the repository. */
export const isOf = (repository: string) => (image: string): boolean => image.startsWith(`${repository}:`);

/**
 * The names that containerd must remove for a repository's images to go: the images' own, and those that containerd itself gave to
 * their digests, unless another image has the same digest.
 * @param listed what `ctr images list` prints
 */
export function referencesTo(repository: string, listed: string): string[] {
    const lines = listed.split("\n").slice(1).map(line => line.split(/\s+/)).filter(([name]) => name !== "");
    const [named, others] = [true, false].map(wanted => lines.filter(([name]) => isOf(repository)(name) === wanted));
    const digests = named.map(([, , digest]) => digest);
    const isAlias = (name: string): boolean => /^(sha256:|import-[\d-]+@sha256:)/.test(name);
    const shared = others.filter(([name, , digest]) => digests.includes(digest) && !isAlias(name)).map(([, , digest]) => digest);
    const aliases = lines.filter(([name, , digest]) => isAlias(name) && digests.includes(digest) && !shared.includes(digest));
    return [...named, ...aliases].map(([name]) => name);
}

/** Arguments of `ctr`, which every node has. */
export const listImages = ["--namespace", "k8s.io", "images", "list"];
export const removeImages = ["--namespace", "k8s.io", "images", "remove"];

/**
 * Does the work of a script that removes a repository's images. Images that stay only take space, so if it fails, the script
 * warns and succeeds.
 * @param where what people call the place, such as "on the cluster's nodes"
 */
export function removing(where: string, work: (repository: string) => void | Promise<void>): Promise<void> {
    return main(async () => {
        const repository = setting("REPOSITORY");
        try {
            await work(repository);
        } catch (error) {
            const reason = (error as Error).message.trim().replace(/\s*\n\s*/g, " ");
            process.stderr.write(`! The images ${repository} stay ${where}. ${reason}${reason.endsWith(".") ? "" : "."}\n`);
        }
    });
}
