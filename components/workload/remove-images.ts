// Deletes the images that an environment has pushed to a registry, with the login that `docker login` has stored.
import { removing } from "../cluster/scripts/images";
import { useProxies } from "../proxy";
import { deleteManifest, digestsOf, tagsOf } from "../registry";

/** As ContainerImage writes it: a date, a digest of the sources, and the processor if it isn't the usual one. */
const version = /^\d{4}-\d{2}-\d{2}-[0-9a-f]{12}(-\w+)?$/;

/**
 * The repository is the environment's own, so nothing that another stack runs is in it, and its manifests are deleted: not every
 * registry deletes tags. Where all images share a repository, the image's tags are TAG_PREFIX and a version: the image of another
 * service may have a name that begins the same. There, only tags are deleted: another tag may lead to the same manifest.
 */
async function removeImages(repository: string): Promise<void> {
    const { TAG_PREFIX: prefix } = process.env;
    const tags = (await tagsOf(repository)).filter(tag => prefix === undefined || (tag.startsWith(prefix) && version.test(tag.slice(prefix.length))));
    const found = prefix === undefined ? (await Promise.all(tags.map(tag => digestsOf(repository, tag)))).flat() : tags;
    // An index comes before the manifests that it lists.
    for (const reference of new Set(found)) await deleteManifest(repository, reference);
}

useProxies();
void removing("in the registry; delete them there by hand, or by a cleanup rule", removeImages);
