// @ts-nocheck
// Makes a machine ready to become a node: kernel, packages, container runtime, kubelet and kubeadm.
import { addressTasks } from "./addresses";
import { renewalTasks } from "./certificates";
import { keepalivedTasks } from "./keepalived";
import { memberFile } from "./member";
import { noteNewPackages, notePackages } from "./packages";
import { bundleDirectory, holdPackages, runtimeTasks } from "./runtime";
import { task, writeFile } from "./script";
import { servingTasks } from "./serving";
import { closeVolumes } from "./volumes";

export { bundleDirectory, runtimeTasks } from "./runtime";

const found = "/var/lib/landfall/found";

/** Keeps the kubelet from removing an image. */
export const pinned = "io.cri-containerd.pinned=pinned";

/** What a node needs besides Kubernetes' own packages, by their names in Debian and Ubuntu. */
export const packages = ["conntrack", "curl", "ethtool", "iptables", "keepalived", "nftables", "openssl", "socat"];

const kernelSettings = [
    ["net.ipv4.ip_forward", 1],
    // As the kubelet wants it that protects the kernel's defaults.
    ["vm.overcommit_memory", 1],
    ["vm.panic_on_oom", 0],
    ["kernel.panic", 10],
    ["kernel.panic_on_oops", 1],
    // Every pod that watches files takes of these; where they run out, the runtime itself doesn't start.
    ["fs.inotify.max_user_instances", 8192],
    ["fs.inotify.max_user_watches", 524288],
];

/** All tasks for one node. */
export function installTasks(cluster, node) {
    return [
        task("Note how the machine was found, and whose it is now", noteFound, noteOwner(cluster, node)),
        task("Set the kernel", kernel(cluster)),
        task("Note the packages that are here", notePackages),
        ...(cluster.bundle ? fromBundle(cluster) : fromRepositories(cluster)),
        ...runtimeTasks(cluster).map(({ name, script }) => task(name, unlessMember(script))),
        task("Note the packages that have come", noteNewPackages),
        task("Keep volumes from others on the machine", closeVolumes(cluster.volumesDirectory)),
        task("Set up the kubelet", kubelet),
        ...keepalivedTasks(cluster, node),
        ...addressTasks(cluster, node),
        ...renewalTasks(cluster, node),
        ...servingTasks(node),
    ];
}

/** Once, and before anything else: what destroy brings back. */
const noteFound = `install -d -m 0700 /var/lib/landfall
if [ ! -e ${found} ]; then
    rm -rf ${found}.new
    mkdir ${found}.new
    for setting in ${kernelSettings.map(([name]) => name).join(" ")}; do
        echo "$setting = $(sysctl --values "$setting")"
    done > ${found}.new/sysctl
    tar --create --directory / --file ${found}.new/files.tar --files-from /dev/null
    for file in etc/containerd etc/keepalived etc/kubernetes etc/cni opt/cni etc/crictl.yaml; do
        if [ -e "/$file" ]; then tar --append --directory / --file ${found}.new/files.tar "$file"; fi
    done
    mv ${found}.new ${found}
fi`;

/** By what is noted here a run that comes after an interrupted one knows the machine again. */
function noteOwner({ owner, incarnation }, node) {
    return [
        `echo ${JSON.stringify(owner)} > /var/lib/landfall/owner`,
        `echo ${node.incarnation} > /var/lib/landfall/incarnation`,
        `echo ${node.name} > /var/lib/landfall/name`,
        ...(node.role === "control-plane" ? [`echo ${incarnation} > /var/lib/landfall/cluster`] : []),
    ];
}

function kernel({ network }) {
    const modules = ["overlay", ...(network === "kube-router" ? ["br_netfilter"] : [])];
    return [
        writeFile("/etc/modules-load.d/landfall.conf", modules.join("\n")),
        // What is built into the kernel is no module.
        ...modules.map(module => `modprobe --quiet ${module} || true`),
        writeFile("/etc/sysctl.d/90-landfall.conf", [
            ...(network === "kube-router" ? ["net.bridge.bridge-nf-call-iptables = 1"] : []),
            ...kernelSettings.map(([name, value]) => `${name} = ${value}`),
        ].join("\n")),
        "sysctl --quiet --load /etc/sysctl.d/90-landfall.conf",
    ];
}

/** What is in the bundle has been sent and checked before. */
function fromBundle({ version }) {
    return [
        task("Install packages from the bundle",
            `. /etc/os-release`,
            `cd ${bundleDirectory}/packages/"$ID-\${VERSION_ID-}-$(dpkg --print-architecture)"`,
            `missing=()`,
            `for file in *.deb; do`,
            `    name=$(dpkg-deb --field "$file" Package)`,
            `    dpkg-query --show --showformat '\${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$file")`,
            `done`,
            `[ \${#missing[@]} -eq 0 ] || patiently dpkg --install "\${missing[@]}"`),
        task("Install Kubernetes from the bundle",
            unlessMember(programsFromBundle)),
        task("Import the images of the bundle",
            `systemctl enable --quiet --now containerd`,
            `cd ${bundleDirectory}`,
            `install -d /var/lib/landfall/images`,
            `for file in $(find images -name '*.tar' | sort); do`,
            `    sum=$(awk -v file="$file" 'substr($0, 67) == file { found = 1; print } END { exit !found }' .checked)`,
            `    grep -qxF "$sum" /var/lib/landfall/images/imported 2>/dev/null && continue`,
            `    ctr --namespace k8s.io images import --no-unpack "$file" >/dev/null`,
            `    echo "$sum" >> /var/lib/landfall/images/imported`,
            `done`,
            // Pinned, as the kubelet removes unused images where disk is short, and none of these can be had again.
            `for image in $(ctr --namespace k8s.io images list --quiet | grep -v ^sha256:); do`,
            `    ctr --namespace k8s.io images label "$image" ${pinned} >/dev/null`,
            `done`),
        task("Check the version", `[ -e /var/lib/landfall/member ] || [ "$(kubelet --version)" = "Kubernetes ${version}" ]`),
    ];
}

/** Programs come with a unit of their own, as Kubernetes' packages have it. */
export const programsFromBundle = [
    `arch=$(dpkg --print-architecture)`,
    `install -m 0755 ${bundleDirectory}/bin/"$arch"/{kubelet,kubeadm,kubectl,crictl,etcdctl} /usr/bin/`,
    `install -d /opt/cni/bin`,
    `install -m 0755 ${bundleDirectory}/cni/"$arch"/* /opt/cni/bin/`,
].join("\n");

function fromRepositories(cluster) {
    return [
        task("Add Kubernetes' and Docker's package repositories", repositories(cluster)),
        task("Install packages",
            `patiently apt-get install --quiet --yes --no-install-recommends --no-upgrade ${packages.join(" ")}`,
            holdPackages),
        task("Install Kubernetes", unlessMember(programsFromRepository(cluster))),
    ];
}

/** Each minor version has a repository of its own. The keys are known by their fingerprints. */
export function repositories({ version, repositories: { kubernetes, docker } }) {
    const minor = version.split(".").slice(0, 2).join(".");
    return `. /etc/os-release
patiently apt-get update --quiet
patiently apt-get install --quiet --yes --no-install-recommends --no-upgrade ca-certificates curl gnupg
install -d -m 0755 /etc/apt/keyrings
export GNUPGHOME=/run/landfall-gnupg # else gpg leaves one in root's home
rm -rf $GNUPGHOME
install -d -m 0700 $GNUPGHOME
trust() {
    local keys all=$GNUPGHOME/$1.all own=$GNUPGHOME/$1.own
    curl --fail --silent --show-error --location --output $GNUPGHOME/$1.asc "$2"
    gpg --batch --quiet --no-default-keyring --keyring $all --import $GNUPGHOME/$1.asc || true
    # Whatever else the file holds, the pinned key alone is trusted; as another key's subkey it would bring that one along.
    keys=$(gpg --batch --quiet --no-default-keyring --keyring $all --export "$3" 2>/dev/null | tee $own \\
        | gpg --batch --show-keys --with-colons 2>/dev/null \\
        | awk -F: '$1 == "pub" { key = 1 } $1 == "fpr" && key { print $10; key = 0 }') || true
    [ "$keys" = "$3" ] || { echo "The file $2 doesn't hold the key that is pinned: $3" >&2; exit 1; }
    install -m 0644 $own /etc/apt/keyrings/landfall-$1.gpg
}
trust kubernetes ${kubernetes.url}/${minor}/deb/Release.key ${kubernetes.fingerprint}
trust docker ${docker.url}/"$ID"/gpg ${docker.fingerprint}
rm -rf $GNUPGHOME
cat > /etc/apt/sources.list.d/landfall.list <<LANDFALL_END
deb [signed-by=/etc/apt/keyrings/landfall-kubernetes.gpg] ${kubernetes.url}/${minor}/deb/ /
deb [signed-by=/etc/apt/keyrings/landfall-docker.gpg] ${docker.url}/$ID $VERSION_CODENAME stable
LANDFALL_END
patiently apt-get update --quiet`;
}

export function programsFromRepository({ version }, names = ["kubelet", "kubeadm", "kubectl"]) {
    const exactly = names.map(name => `'${name}=${version.slice(1)}-*'`).join(" ");
    return [
        `patiently apt-get install --quiet --yes --no-install-recommends --allow-change-held-packages ${exactly} cri-tools`,
        holdPackages,
    ].join("\n");
}

const kubelet = [
    `install -d /etc/kubernetes/kubelet.conf.d /etc/kubernetes/manifests`,
    writeFile("/etc/systemd/system/kubelet.service", `[Unit]
Description=kubelet: The Kubernetes Node Agent
Wants=network-online.target
After=network-online.target containerd.service

[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml --config-dir=/etc/kubernetes/kubelet.conf.d"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS
Restart=always
StartLimitInterval=0
RestartSec=1

[Install]
WantedBy=multi-user.target`),
    // After the packages' own 10-kubeadm.conf, which knows no directory of additions.
    writeFile("/etc/systemd/system/kubelet.service.d/20-landfall.conf", `[Service]
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml --config-dir=/etc/kubernetes/kubelet.conf.d"`),
    `systemctl daemon-reload`,
    `systemctl enable --quiet kubelet`,
].join("\n");

/** What a member has changes node by node alone: by the upgrade, which drains it first. */
function unlessMember(lines) {
    return `if [ ! -e ${memberFile} ]; then\n${lines}\nfi`;
}
