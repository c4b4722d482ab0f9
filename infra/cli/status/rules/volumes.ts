import { storeName } from "../../../../components/platform/logs/names";
import { duration, type Fields, list, number, text } from "../fields";
import { nameOf, namespaceOf } from "../objects";
import { day, type Finding, kubectl, type Rule, type Situation } from "../problem";

/** Shares of a volume or disk beyond which it counts as nearly full, and as full: the database can't write any more. */
const shares = { nearly: 0.85, full: 0.97 };
/** The logs' store drops the oldest day by itself before its volume is full. */
const logsClaim = `${storeName}-data`;
/** How early the end of the API server's certificate is a problem. */
const certificateDays = 14;

/** What fills up or ends without anybody asking for it, as the kubelets and the API server tell. */
export const volumeRules: Record<string, Rule> = {
    "volume-full": situation => situation.observed.nodeStats.flatMap(stats => volumes(stats, situation)),
    "node-disk": situation => situation.observed.nodeStats.flatMap(stats => nodeDisk(stats) ?? []),
    "api-certificate": situation => apiCertificate(situation) ?? [],
};

/** The kubelet measures volumes that are file systems of their own. Directories on a node's disk are judged with the disk. */
function volumes(stats: Fields, { observed, command }: Situation): Finding[] {
    return list(stats, "pods").flatMap(pod => list(pod, "volume")).flatMap(volume => {
        const [name, namespace] = [text(volume, "pvcRef", "name"), text(volume, "pvcRef", "namespace")];
        const claim = observed.claims.find(each => nameOf(each) === name && namespaceOf(each) === namespace);
        const [used, inodes] = [share(volume, "usedBytes", "availableBytes"), share(volume, "inodesUsed", "inodesFree")];
        const most = Math.max(used ?? 0, inodes ?? 0);
        if (!claim || most < (name === logsClaim ? shares.full : shares.nearly) || isWholeDisk(volume, stats)) return [];
        const what = (inodes ?? 0) > (used ?? 0) ? "number of files" : "space";
        return [{
            severity: most >= shares.full ? "failing" : "risk", kind: "PersistentVolumeClaim", object: claim,
            matter: `${Math.floor(most * 100)} % of its ${what} is used`,
            action: `Delete what isn't needed, or raise ${sizeKey(name)}, then: ${command("start")}`, group: name,
        } satisfies Finding];
    });
}

function sizeKey(claim: string): string {
    const keys: Record<string, string> = {
        "database-data": "landfall:app.database.volume", "web-uploads": "landfall:app.web.uploads.size", [logsClaim]: "landfall:logs.volume",
    };
    return Object.hasOwn(keys, claim) ? keys[claim] : "its size";
}

/** Whether a volume only shows the node's own disk, as a directory on it does. */
function isWholeDisk(volume: Fields, stats: Fields): boolean {
    const capacity = number(volume, "capacityBytes");
    return capacity !== undefined && capacity === number(stats, "node", "fs", "capacityBytes");
}

function nodeDisk(stats: Fields): Finding | undefined {
    const disk = stats.node as Fields | undefined;
    const used = share(disk?.fs, "usedBytes", "availableBytes");
    if (used === undefined || used < shares.nearly) return undefined;
    const node = { metadata: { name: text(stats, "node", "nodeName") } };
    return {
        severity: used >= shares.full ? "failing" : "risk", kind: "Node", object: node,
        matter: `${Math.floor(used * 100)} % of its disk is used. When it runs short, it evicts pods`,
        action: `Free space on it, images and logs take the most, or add a node: ${kubectl("describe", "node", node)}`,
    };
}

/** What is used of what is used and available: a file system keeps some of its capacity for root. */
function share(fs: unknown, usedKey: string, freeKey: string): number | undefined {
    const [used, free] = [number(fs, usedKey), number(fs, freeKey)];
    return used === undefined || free === undefined || used + free <= 0 ? undefined : used / (used + free);
}

function apiCertificate({ apiCertificateEnds: ends, now }: Situation): Finding[] | undefined {
    if (ends === undefined || ends - now > certificateDays * day) return undefined;
    return [{
        severity: ends <= now ? "outage" : "failing", kind: "The API server", object: {},
        matter: ends <= now ? "has a certificate that has expired" : `has a certificate that ends in ${duration(ends - now)}; then nobody reaches the cluster`,
        action: "Renew it where the control plane runs, with kubeadm: kubeadm certs renew all, then restart its pods. Or create the cluster again",
    }];
}
