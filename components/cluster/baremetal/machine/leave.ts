// @ts-nocheck
// Takes a node out of its cluster, and a machine back to how it was found.
import { removeRenewal } from "./certificates";
import { etcdctl } from "./etcd";
import { quitTasks } from "./keepalived";
import { noteNewPackages, purgePackages } from "./packages";
import { unholdPackages } from "./runtime";
import { task } from "./script";
import { removeSnapshots } from "./snapshots";

/** Run on a node of the control plane that stays: forgets the node, and its copy of the data if it had one. */
export function forgetTasks(name) {
    return [
        task(`Take ${name} out of etcd`, etcdctl,
            `id=$(etcdctl member list | awk -F', ' '$3 == "${name}" { print $1 }')`,
            `if [ -n "$id" ]; then etcdctl member remove "$id" >/dev/null; fi`),
        task(`Take ${name} out of the cluster`, `kubectl delete node ${name} --ignore-not-found --wait=false >/dev/null`),
    ];
}

/**
 * Run on a node of the control plane before another joins: etcd takes no new member while one of the old is dead. One
 * that the settings no longer name, and that doesn't answer, is given up; it will not come back. What the joining node
 * was goes too: with its data gone, the same member can't begin again.
 */
export function giveUpTasks(names, joining) {
    return [task("Give up dead control-plane nodes that the settings no longer name", etcdctl,
        `etcdctl member list | while IFS=', ' read -r id _ name peer url _; do`,
        `    if [ "$name" != ${joining.name} ] && [ "$peer" != https://${joining.address}:2380 ]; then`,
        `        case " ${names.join(" ")} " in *" $name "*) continue ;; esac`,
        `        if curl --silent --max-time 5 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key \\`,
        `            --output /dev/null "$url/health"; then continue; fi`,
        `    fi`,
        `    etcdctl member remove "$id" >/dev/null`,
        `    if [ -n "$name" ]; then kubectl delete node "$name" --ignore-not-found --wait=false >/dev/null; fi`,
        `done`)];
}

/** What kube-router leaves: its own image has the program that knows its sets. */
const forgetRoutes = [
    `while ip rule delete table 77 2>/dev/null; do :; done`,
    `ip route flush proto 17 2>/dev/null || true`,
    `image=$(ctr --namespace k8s.io images list --quiet 2>/dev/null | awk '/\\/kube-router:/ && !found++' || true)`,
    `at=$(mktemp -d /run/landfall-kube-router.XXXXXX)`, // containerd 2.4 doesn't mount at a place twice
    `if [ -n "$image" ] && ctr --namespace k8s.io images mount "$image" $at >/dev/null 2>&1; then`,
    `    for set in $(chroot $at ipset list -name 2>/dev/null | grep -E '^(inet6:)?(KUBE|kube-router)-' || true); do`,
    `        chroot $at ipset destroy "$set" 2>/dev/null || true`,
    `    done`,
    `    ctr --namespace k8s.io images unmount --rm $at >/dev/null 2>&1 || true`,
    `fi`,
    `rmdir $at 2>/dev/null || true`,
];

/** Run on the machine itself: nothing of Kubernetes is left running or on disk. */
const resetTask = ({ network }) => task("Reset the node",
    `if [ -x /usr/bin/kubeadm ]; then`,
    `    kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock >/dev/null 2>&1 || true`,
    `fi`,
    `systemctl disable --quiet --now kubelet 2>/dev/null || true`,
    // Containers that the runtime can no longer stop, and what they have mounted.
    `if systemctl --quiet is-active containerd; then`,
    `    crictl pods --quiet 2>/dev/null | xargs --no-run-if-empty crictl rmp --force >/dev/null 2>&1 || true`,
    `fi`,
    `if command -v iptables-save >/dev/null; then`,
    `    for tables in iptables ip6tables; do`,
    `        "$tables-save" 2>/dev/null | grep --invert-match -E ` +
        `'KUBE-|CNI-|POD-NETWORK|kube-(bridge|router)|allow outbound node port traffic' | "$tables-restore" 2>/dev/null || true`,
    `    done`,
    `fi`,
    ...(network === "kube-router" ? forgetRoutes : []),
    `systemctl stop containerd 2>/dev/null || true`,
    `pkill -f '^/usr/bin/containerd-shim-runc-v2' || true`,
    `awk '$2 ~ "^/(var/lib/kubelet|run/containerd|var/lib/containerd|run/netns/cni)" { print $2 }' /proc/mounts | sort -r \\`,
    `    | xargs --no-run-if-empty umount --lazy 2>/dev/null || true`,
    `for link in $(ip -o link show | awk -F': ' '{ sub("@.*", "", $2); print $2 }' | grep -E '^(veth|cni|kube-)' || true); do`,
    `    ip link delete "$link" 2>/dev/null || true`,
    `done`);

/** All that was put onto the machine goes; what was there before stays. */
const restoreTask = task("Bring the machine back to how it was found",
    `systemctl disable --quiet --now landfall-addresses landfall-kubelets keepalived containerd 2>/dev/null || true`,
    ...removeRenewal,
    ...removeSnapshots,
    unholdPackages,
    noteNewPackages,
    purgePackages,
    // keepalived writes it when it starts, and its package does not know of it.
    `[ -x /usr/sbin/keepalived ] || rm -f /etc/iproute2/rt_addrprotos.d/keepalived.conf`,
    `rm -f /usr/bin/{kubelet,kubeadm,kubectl,crictl,etcdctl} /etc/crictl.yaml`,
    `rm -f /etc/systemd/system/{kubelet,landfall-addresses,landfall-kubelets}.service /etc/sysctl.d/90-landfall.conf /etc/modules-load.d/landfall.conf`,
    `rm -f /etc/apt/sources.list.d/landfall.list /etc/apt/keyrings/landfall-*.gpg /var/log/landfall-kubeadm.log`,
    `rm -rf /etc/systemd/system/kubelet.service.d /etc/landfall /etc/keepalived /etc/containerd/config.toml`,
    `rm -rf /etc/kubernetes /etc/cni /opt/cni /opt/containerd /var/lib/etcd /var/lib/kubelet /var/lib/cni /run/cni-ipam-state`,
    `rm -rf /var/lib/containerd /run/containerd /var/log/kubernetes /var/log/pods /var/log/containers /run/landfall`,
    `tar --extract --directory / --file /var/lib/landfall/found/files.tar`,
    `systemctl daemon-reload`,
    `sysctl --quiet --load /var/lib/landfall/found/sysctl || true`,
    `rm -rf /var/lib/landfall /run/landfall-kubectl`);

/**
 * `owner`: only what this stack has made is touched, and of one node (`incarnation`) what isn't another by now; `volumes`:
 * the directory of volumes that go with it.
 */
export function restoreTasks({ owner, volumes, network }, { incarnation }) {
    return [
        task("Look whose the machine is",
            `[ -e /var/lib/landfall/owner ] || exit 0`,
            `owner=$(cat /var/lib/landfall/owner)`,
            `[ "$owner" = ${JSON.stringify(owner)} ] || exit 0`,
            ...(incarnation ? [`[ "$(cat /var/lib/landfall/incarnation 2>/dev/null)" = ${incarnation} ] || exit 0`] : [])),
        ...quitTasks,
        resetTask({ network }),
        ...(volumes ? [task("Delete the volumes", `rm -rf ${volumes}`)] : []),
        restoreTask,
    ];
}
