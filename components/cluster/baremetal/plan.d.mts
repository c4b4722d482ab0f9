import type { ClusterFacts, NodeFacts } from "./facts";

export type Operation = "status" | "probe" | "quiet" | "install" | "member" | "giveUp" | "mint" | "revoke" | "settle" | "upgrade" |
    "around" | "patch" | "reboot" | "aroundPatch" | "leave" | "certificates" | "encryptionKey" |
    "snapshots" | "snapshotsEnd" | "recover" | "kubeconfig" | "restore";
type Node = NodeFacts & { incarnation: string };

export function scriptFor(cluster: ClusterFacts, node: Node, first: boolean, operation: Operation): string;
export function listFor(cluster: ClusterFacts, nodes: Node[]): string;
