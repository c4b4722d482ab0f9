// What a machine knows of its cluster, whether or not the API answers: its membership, what expires, and the settings that
// the node and its cluster were created with. Changes nothing.
import type { Administrator, NodeFacts } from "../program/facts";
import { administratorFile, expiryLines } from "./certificates";
import { memberFile } from "./kubeadm";
import { stoppedManifests } from "./restore";
import { type Task, task } from "./script";
import { snapshotUnit } from "./snapshots";

/** Prints a machine's status, one NAME=VALUE per line; nothing if it isn't a machine of this owner. */
export function statusTasks(owner: string): Task[] {
    return [task("Check whether the machine is a member",
        `[ -e /var/lib/landfall/owner ] || exit 0`,
        `owner=$(cat /var/lib/landfall/owner)`,
        `[ "$owner" = ${JSON.stringify(owner)} ] || exit 0`,
        // Somebody has reset this node by hand, so it isn't a member anymore.
        `if [ -e ${memberFile} ] && [ ! -e /etc/kubernetes/kubelet.conf ]; then exit 0; fi`,
        `df --output=avail,size -B1M /var/lib | awk 'NR == 2 && $2 > 0 { print "free=" int(100 * $1 / $2) }'`,
        `if systemctl --quiet is-failed ${snapshotUnit}; then echo snapshots=failed; fi`,
        `if [ -e /var/lib/landfall/incarnation ]; then`,
        `    member=$(cat /var/lib/landfall/incarnation)`,
        `    echo "member=$member"`,
        `fi`,
        expiryLines,
        `if [ -e ${administratorFile} ]; then`,
        `    administrator=$(cat ${administratorFile})`,
        `    echo "administrator=$administrator"`,
        `fi`,
        `if [ -e /var/lib/landfall/cluster ]; then`,
        `    incarnation=$(cat /var/lib/landfall/cluster)`,
        `    echo "incarnation=$incarnation"`,
        `    kubectl get nodes --request-timeout 5s --output 'jsonpath={range .items[*]}known={.metadata.name} '\\`,
        `'{.metadata.annotations.landfall\\.dev/incarnation}{"\\n"}{end}' 2>/dev/null && echo asked=yes || true`,
        `fi`), standingTask];
}

/** A machine's status. */
interface MachineStatus {
    /** Of the cluster, on control-plane nodes. */
    incarnation?: string;
    /** Of the node. */
    member?: string;
    /** Whether the API answered. */
    asked: boolean;
    /** How much of the disk under /var/lib is free, in per cent. */
    free?: number;
    /** `failed` if the last snapshot failed. */
    snapshots?: string;
    /** The nodes that the API knows, with their incarnations. */
    known: Record<string, string>;
    /** The settings that the node and its cluster were created with. */
    made: Record<string, string>;
    administrator?: Administrator;
    /** Certificates; times are in seconds since 1970. */
    expires: { file: string; ends: number }[];
}

/** Reads what statusTasks print. */
export function parseStatus(stdout: string): MachineStatus {
    const lines = stdout.split("\n").filter(Boolean)
        .map((line): [string, string] => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
    const value = (name: string) => lines.find(([key]) => key === name)?.[1];
    const known = lines.filter(([key]) => key === "known").map(([, text]) => text.split(" ")).filter(([, id]) => id);
    const free = value("free");
    const [generation, signed, ends] = (value("administrator") ?? "").split(" ").map(Number);
    return {
        incarnation: value("incarnation"), member: value("member"), asked: value("asked") === "yes",
        free: free === undefined ? undefined : Number(free), snapshots: value("snapshots"),
        known: Object.fromEntries(known),
        made: Object.fromEntries(lines.flatMap(([key, text]) => key.startsWith("made.") && text ? [[key.slice(5), text]] : [])),
        administrator: ends > 0 ? { generation, signed, ends } : undefined,
        expires: lines.filter(([key]) => key === "expires").map(([, text]) => text.split(" "))
            .map(([end, file]) => ({ file, ends: Number(end) })),
    };
}

const hosts = ".spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values[*]";
const columns = `jsonpath={range .items[*]}${[
    ".kind", ".metadata.name", `.status.conditions[?(@.type=="Ready")].status`, ".status.phase", ".spec.hostPath.path", hosts,
    ".spec.claimRef.namespace", ".spec.claimRef.name",
].map(path => `{${path}}`).join("|")}{"\\n"}{end}`;

/**
 * Prints what the node was created with, as made.NAME=VALUE, from the machine's own files, and from the API the running
 * version and the volumes that other machines don't have. A CNI file that isn't kube-router's or a container tool's means
 * that people have installed their own pod network.
 */
export const standingTask = task("Read the settings that the node was created with",
    `if [ -e ${memberFile} ] && [ -e /etc/kubernetes/kubelet.conf ]; then`,
    `    address=$(sed -n 's/.*--node-ip=\\([0-9.]*\\).*/\\1/p' /var/lib/kubelet/kubeadm-flags.env 2>/dev/null || true)`,
    `    echo "made.address=$address"`,
    `    role=worker`,
    `    for directory in /etc/kubernetes/manifests ${stoppedManifests}; do`,
    `        manifest=$directory/kube-controller-manager.yaml`,
    `        if [ ! -e $manifest ]; then continue; fi`,
    `        role=control-plane`,
    `        sed -n -e 's/^ *- --cluster-cidr=/made.podSubnet=/p' -e 's/^ *- --service-cluster-ip-range=/made.serviceSubnet=/p' $manifest`,
    `        sed -n 's|^ *server: https://|made.endpoint=|p' /etc/kubernetes/admin.conf 2>/dev/null || true`,
    `        networks=$(ls /etc/cni/net.d 2>/dev/null | grep -v -e podman -e containerd -e crio || true)`,
    `        if grep --quiet --line-regexp 10-kube-router.conflist <<<"$networks"; then echo made.network=kube-router`,
    `        elif [ -n "$networks" ]; then echo made.network=none`,
    `        fi`,
    `    done`,
    `    echo "made.role=$role"`,
    // Asks its own API server: during an upgrade, another node's may be newer.
    `    if [ $role = control-plane ]; then`,
    `        version=$(kubectl get --raw /version --server "https://$address:6443" --request-timeout 5s 2>/dev/null \\`,
    `            | sed -n 's/.*"gitVersion": *"\\([^"]*\\)".*/\\1/p' || true)`,
    `        echo "made.kubernetesVersion=$version"`,
    // `volumes`: if there is only one node, the directories that would be empty on any other. Landfall's have no spaces.
    // `homes`: for each node that is ready, the claims whose volumes are on that node only.
    `        if [ -n "$version" ]; then`,
    `            kubectl get nodes,persistentvolumes --server "https://$address:6443" --request-timeout 5s \\`,
    `                --output '${columns}' 2>/dev/null \\`,
    `                | awk -F'|' '$1 == "Node" { nodes++; if ($3 == "True") ready[$2] = 1 }`,
    `                    $4 == "Bound" && $6 == "" && $5 ~ "^/[^ ]*$" { volumes = volumes " " $5 }`,
    `                    $4 == "Bound" && $6 in ready { homes = homes " " $6 "=" $7 "/" $8 }`,
    `                    END { if (nodes == 1 && volumes) print "made.volumes=" substr(volumes, 2)`,
    `                        if (homes) print "made.homes=" substr(homes, 2) }' || true`,
    `        fi`,
    `    fi`,
    `fi`);

/** What the cluster was created with, by the names of the settings; undefined if no machine is a member. */
export function standingOf(
    answers: { node: Pick<NodeFacts, "name">; made?: Record<string, string> }[],
): Record<string, string> | undefined {
    const members = answers.flatMap(({ node, made }) => made && Object.keys(made).length > 0 ? [{ node, made }] : []);
    if (members.length === 0) return undefined;
    const { address, role, ...cluster } = members.find(({ made }) => made.endpoint)?.made ?? {};
    const versions = members.flatMap(({ made }) => made.kubernetesVersion ?? []);
    // After an interrupted upgrade, the newest version counts: an upgrade can continue, but not go back.
    const [kubernetesVersion] = versions.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
    return {
        ...cluster, ...(kubernetesVersion && { kubernetesVersion }),
        ...Object.fromEntries(members.flatMap(({ node, made }) => [
            ...(made.address ? [[`nodes.${node.name}.address`, made.address]] : []), [`nodes.${node.name}.role`, made.role],
        ])),
    };
}
