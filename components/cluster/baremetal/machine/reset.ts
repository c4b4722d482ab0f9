// Resets a machine: removes Kubernetes, and restores the machine to how it was found.
import type { ClusterFacts } from "../program/facts";
import { removeRenewal } from "./certificates";
import { quitTasks } from "./keepalived";
import { noteNewPackages, purgePackages, unholdPackages } from "./packages";
import { type Task, task } from "./script";
import { removeSnapshots } from "./snapshots";

/** Removes kube-router's routes, rules and sets. Uses the ipset in kube-router's image, which created the sets. */
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

/** Stops Kubernetes, and removes what it has left in the kernel. */
const resetTask = ({ network }: Pick<ClusterFacts, "network">): Task => task("Reset the node",
    `if [ -x /usr/bin/kubeadm ]; then`,
    `    kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock >/dev/null 2>&1 || true`,
    `fi`,
    `systemctl disable --quiet --now kubelet 2>/dev/null || true`,
    // Containers that the runtime can no longer stop would keep their mounts.
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

/** Deletes what was installed, and restores what was there before. */
const restoreTask = task("Restore the machine's original state",
    `systemctl disable --quiet --now landfall-addresses landfall-kubelets keepalived containerd 2>/dev/null || true`,
    ...removeRenewal,
    ...removeSnapshots,
    unholdPackages,
    noteNewPackages,
    purgePackages,
    // keepalived writes this file when it starts, so its package doesn't remove it.
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
 * Resets the machine if it belongs to this stack and, if `incarnation` is given, hasn't been set up again since. `volumes`
 * is the directory of volumes to delete.
 */
export function resetTasks(
    { owner, volumes, network }: Pick<ClusterFacts, "owner" | "volumes" | "network">, { incarnation }: { incarnation?: string },
): Task[] {
    return [
        task("Check whether the machine belongs to this stack",
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
