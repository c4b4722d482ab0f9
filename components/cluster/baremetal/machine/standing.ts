// @ts-nocheck
// What a node and its cluster were made with, as the machine's own files tell it, whether or not the API answers; and what
// the API says: which version it runs, and which volumes another machine would not have.
import { memberFile, stoppedManifests } from "./member";
import { task } from "./script";

const hosts = ".spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values[*]";
const columns = `jsonpath={range .items[*]}${[
    ".kind", ".metadata.name", `.status.conditions[?(@.type=="Ready")].status`, ".status.phase", ".spec.hostPath.path", hosts,
    ".spec.claimRef.namespace", ".spec.claimRef.name",
].map(path => `{${path}}`).join("|")}{"\\n"}{end}`;

/** Prints made.NAME=VALUE. Another pod network's file that isn't a container tool's is somebody's own network. */
export const standingTask = task("Look what the node was made with",
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
    // Its own API's: while nodes are upgraded, another's may be newer.
    `    if [ $role = control-plane ]; then`,
    `        version=$(kubectl get --raw /version --server "https://$address:6443" --request-timeout 5s 2>/dev/null \\`,
    `            | sed -n 's/.*"gitVersion": *"\\([^"]*\\)".*/\\1/p' || true)`,
    `        echo "made.kubernetesVersion=$version"`,
    // Of the only node: directories that pods on any other would find empty, too (a path with spaces is none of Landfall's).
    // Of each that is ready: the claims whose volumes pods find on no other.
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

/**
 * What the cluster was made with, by the names of its settings, from the machines' answers `{ node, made }`; undefined
 * where there is none.
 */
export function standingOf(answers) {
    const members = answers.filter(({ made = {} }) => Object.keys(made).length > 0);
    if (members.length === 0) return undefined;
    const { address, role, ...cluster } = members.find(({ made }) => made.endpoint)?.made ?? {};
    const versions = members.flatMap(({ made }) => made.kubernetesVersion ?? []);
    // The newest: an upgrade that was interrupted may go on, but not back.
    const [kubernetesVersion] = versions.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
    return {
        ...cluster, ...(kubernetesVersion && { kubernetesVersion }),
        ...Object.fromEntries(members.flatMap(({ node, made }) => [
            ...(made.address ? [[`nodes.${node.name}.address`, made.address]] : []), [`nodes.${node.name}.role`, made.role],
        ])),
    };
}
