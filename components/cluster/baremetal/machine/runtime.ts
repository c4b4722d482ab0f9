// @ts-nocheck
// The container runtime of a machine, and how much of the machine its kubelet leaves to others than pods. A node that is
// a member gets another only where a version of Kubernetes does, too: alone, and drained.
import { task, writeFile } from "./script";

/** Where the parts of an offline bundle lie on a machine. */
export const bundleDirectory = "/var/lib/landfall/bundle";

/** What none but the tasks here may change, by its names in Kubernetes', Docker's and the distributions' repositories. */
const held = ["containerd", "containerd.io", "runc", "keepalived", "kubelet", "kubeadm", "kubectl", "kubernetes-cni", "cri-tools"];

/** A shell's lines: what is held of the packages that are there; machines update themselves, too, at times of their own. */
export const holdPackages = `installed=$({ dpkg-query --show --showformat '\${db:Status-Status} \${Package}\\n' ${held.join(" ")} 2>/dev/null || true; } \\
    | awk '$1 == "installed" { print $2 }')
[ -z "$installed" ] || patiently apt-mark hold $installed`;

export const unholdPackages = `held=$(apt-mark showhold | grep --line-regexp --extended-regexp '${held.join("|")}' || true)
[ -z "$held" ] || patiently apt-mark unhold $held`;

/** Before those of people, who have the last word. */
const kubeletFile = "/etc/kubernetes/kubelet.conf.d/05-landfall.conf";
const containerdFile = "/etc/containerd/config.toml";

/**
 * What kubelets keep from pods, by the size of the machine: memory and processors as GKE has it for its nodes (a quarter
 * of the first 4 GiB, a fifth of the next 4, a tenth of the next 8, 6 % up to 128 GiB, 2 % above; 6 % of the first
 * processor, 1 % of the second, 0.5 % of the next two, 0.25 % of others), which is for the system's programs as well
 * (cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes). The control plane's pods ask for next to no memory
 * themselves, and have theirs out of it. A tenth of the disk is for images and logs. Prints KubeletConfiguration.
 */
export const reservation = `reservation() { # MEMORY (MiB) PROCESSORS DISK (MiB)
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

/** Mirrors of registries that the machine names, in /etc/containerd/certs.d, count. */
const functions = cluster => `${reservation}
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
# PACKAGE VERSION: one that is newer than it has to be stays.
has_package() {
    local installed
    installed=$(dpkg-query --show --showformat '\${db:Status-Status} \${Version}' "$1" 2>/dev/null || true)
    [ "\${installed%% *}" = installed ] && dpkg --compare-versions "\${installed#* }" ge "$2"
}
packages_lacking() {
${cluster.bundle ? `    local file name version
    . /etc/os-release
    for file in ${bundleDirectory}/packages/"$ID-\${VERSION_ID-}-$(dpkg --print-architecture)"/*.deb; do
        read -r name version < <(dpkg-deb --show --showformat '\${Package} \${Version}\\n' "$file")
        case "$name" in containerd|runc) has_package "$name" "$version" || echo "$file" ;; esac
    done` : `    has_package containerd.io ${cluster.runtime} || echo 'containerd.io=${cluster.runtime}-*'`}
}
is_replaced() {
    case "$(readlink "/proc/$(systemctl show --property MainPID --value containerd)/exe")" in *' (deleted)') ;; *) return 1 ;; esac
}`;

/** Run on a node: prints what of it is to be changed, if anything is; changes nothing. */
export function staleTasks(cluster) {
    return [task("Look at the container runtime and what the kubelet reserves",
        functions(cluster),
        `if [ -n "$(packages_lacking)" ] || is_replaced; then echo runtime; fi`,
        `containerd_wanted | cmp -s - ${containerdFile} || echo containerd`,
        `kubelet_wanted | cmp -s - ${kubeletFile} || echo kubelet`)];
}

/** Run on a machine that is no node yet, or whose pods have gone; only what differs is installed, written and restarted. */
export function runtimeTasks(cluster) {
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
        task("Set up the container runtime",
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
        // The kubelet reads it when it starts.
        task("Say what the kubelet keeps from pods",
            `install -d /etc/kubernetes/kubelet.conf.d`,
            `kubelet_wanted > ${kubeletFile}`),
    ];
}
