// containerd, and the resources that the kubelet reserves for it and the system. In a cluster, both change node by node, in
// an upgrade: each node is drained first.
import type { ClusterFacts } from "../program/facts";
import { bundleDirectory, holdPackages } from "./packages";
import { given, type Task, task, writeFile } from "./script";

/** Where containerd comes from: the bundle, or a version from a repository. */
export type RuntimeFacts = Partial<Pick<ClusterFacts, "bundle" | "runtime">>;

/** The kubelet reads drop-ins in the order of their names, so files that people add (10-…) take precedence. */
const kubeletFile = "/etc/kubernetes/kubelet.conf.d/05-landfall.conf";
const containerdFile = "/etc/containerd/config.toml";

/**
 * Prints the KubeletConfiguration that reserves resources by the size of the machine.
 * Memory and processors follow GKE, which counts the system's programs in
 * (cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes):
 * - a quarter of the first 4 GiB, a fifth of the next 4, a tenth of the next 8, 6 % up to 128 GiB, 2 % above;
 * - 6 % of the first processor, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest.
 * The control plane's pods request almost no memory; what they use is covered by this too. A tenth of the disk is for
 * images and logs.
 */
const reservation = `reservation() { # MEMORY (MiB) PROCESSORS DISK (MiB)
    awk -v memory="$1" -v processors="$2" -v disk="$3" '
    function share(total, steps, n, i, part, size, sum) {
        n = split(steps, part, " ")
        for (i = 1; i < n && total > 0; i += 2) {
            size = total < part[i] ? total : part[i]
            sum += size * part[i + 1]
            total -= size
        }
        return sum
    }
    BEGIN {
        printf "apiVersion: kubelet.config.k8s.io/v1beta1\\nkind: KubeletConfiguration\\nkubeReserved:\\n"
        printf "  memory: %dMi\\n", share(memory, "4096 0.25 4096 0.2 8192 0.1 114688 0.06 1e9 0.02")
        printf "  cpu: %dm\\n", share(processors, "1 60 1 10 2 5 1e9 2.5")
        printf "  ephemeral-storage: %dMi\\n", disk / 10
        printf "  pid: \\"1000\\"\\n"
        printf "evictionHard:\\n  memory.available: 100Mi\\n  pid.available: 5%%\\n"
        printf "  nodefs.available: 10%%\\n  nodefs.inodesFree: 5%%\\n  imagefs.available: 15%%\\n  imagefs.inodesFree: 5%%\\n"
    }'
}`;

/** `config_path` makes containerd use the registry mirrors that people set up in /etc/containerd/certs.d. */
const functions = ({ bundle, runtime }: RuntimeFacts): string => `${reservation}
kubelet_wanted() {
    reservation "$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)" "$(nproc --all)" \\
        "$(df --output=size -B1M /var/lib | tail -n 1)"
}
containerd_wanted() {
    local pause
    pause=$(kubeadm config images list --kubernetes-version "$(kubeadm version --output short)" 2>/dev/null | grep /pause:)
    sed "s#@PAUSE@#$pause#" <<'LANDFALL_END'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "@PAUSE@"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
LANDFALL_END
}
# has_package PACKAGE VERSION: succeeds for a newer version too.
has_package() {
    local installed
    installed=$(dpkg-query --show --showformat '\${db:Status-Status} \${Version}' "$1" 2>/dev/null || true)
    [ "\${installed%% *}" = installed ] && dpkg --compare-versions "\${installed#* }" ge "$2"
}
packages_lacking() {
${bundle ? `    local file name version
    . /etc/os-release
    for file in ${bundleDirectory}/packages/"$ID-\${VERSION_ID-}-$(dpkg --print-architecture)"/*.deb; do
        read -r name version < <(dpkg-deb --show --showformat '\${Package} \${Version}\\n' "$file")
        case "$name" in containerd|runc) has_package "$name" "$version" || echo "$file" ;; esac
    done` : `    has_package containerd.io ${given(runtime, "runtime")} || echo 'containerd.io=${runtime}-*'`}
}
is_replaced() {
    case "$(readlink "/proc/$(systemctl show --property MainPID --value containerd)/exe")" in *' (deleted)') ;; *) return 1 ;; esac
}`;

/** Runs on a node: prints what is out of date, or nothing. Changes nothing. */
export function staleTasks(cluster: RuntimeFacts): Task[] {
    return [task("Check the container runtime and the kubelet's reservations",
        functions(cluster),
        `if [ -n "$(packages_lacking)" ] || is_replaced; then echo runtime; fi`,
        `containerd_wanted | cmp -s - ${containerdFile} || echo containerd`,
        `kubelet_wanted | cmp -s - ${kubeletFile} || echo kubelet`)];
}

/** Runs on a machine without pods: a new one or a drained node. Installs, writes and restarts only what is out of date. */
export function runtimeTasks(cluster: RuntimeFacts): Task[] {
    return [
        task("Install the container runtime",
            functions(cluster),
            `lacking=$(packages_lacking)`,
            `if [ -n "$lacking" ]; then`,
            `    mapfile -t lacking <<<"$lacking"`,
            cluster.bundle ? `    patiently dpkg --install "\${lacking[@]}"`
                : `    patiently apt-get install --quiet --yes --no-install-recommends --allow-change-held-packages "\${lacking[@]}"`,
            `fi`,
            holdPackages),
        task("Configure the container runtime",
            `changed=`,
            `containerd_wanted > /run/landfall-containerd.toml`,
            `if ! cmp -s /run/landfall-containerd.toml ${containerdFile}; then`,
            `    install -D -m 0644 /run/landfall-containerd.toml ${containerdFile}`,
            `    changed=1`,
            `fi`,
            `rm /run/landfall-containerd.toml`,
            writeFile("/etc/crictl.yaml", "runtime-endpoint: unix:///run/containerd/containerd.sock"),
            `systemctl enable --quiet containerd`,
            `if [ -n "$changed" ] || is_replaced; then systemctl restart containerd; else systemctl start containerd; fi`),
        // Takes effect when the kubelet starts.
        task("Reserve resources for the system",
            `install -d /etc/kubernetes/kubelet.conf.d`,
            `kubelet_wanted > ${kubeletFile}`),
    ];
}
