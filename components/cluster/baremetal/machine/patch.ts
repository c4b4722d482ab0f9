// @ts-nocheck
// Brings the system of a machine up to date: its packages, and a reboot where that needs one.
import { bundleDirectory } from "./install";
import { etcdctl } from "./etcd";
import { holdPackages } from "./runtime";
import { shellQuote, task } from "./script";

/** What a node is cordoned for meanwhile. */
export const reason = "patch";

const done = "/var/lib/landfall/patched";
const underWay = "/var/lib/landfall/patching";

/** A name for the time since the machine's start; a container has its host's boot id, but a first process of its own. */
const boot = `boot="$(cat /proc/sys/kernel/random/boot_id) $(awk '{ print $22 }' /proc/1/stat)"`;

/** Run on the machine: says whether it has these patches. */
export function patchedTasks({ patches }) {
    return [task("Look whether the machine is patched",
        `if [ "$(cat ${done} 2>/dev/null)" = ${shellQuote(patches)} ]; then echo patched; fi`)];
}

/** Run on the machine once its pods have gone. What the person has changed in files of packages stays. */
export function patchTasks({ patches, bundle }) {
    return [
        task("Note what is under way",
            boot,
            `if [ "$(head -n 1 ${underWay} 2>/dev/null)" != ${shellQuote(patches)} ]; then`,
            `    printf '%s\\n' ${shellQuote(patches)} "$boot" > ${underWay}`,
            `fi`),
        task("Upgrade the packages",
            `keep=(--force-confdef --force-confold)`,
            `patiently dpkg --configure --pending "\${keep[@]}"`,
            bundle ? fromBundle : fromRepositories,
            holdPackages),
    ];
}

/** Kubernetes' packages and the container runtime are held, and stay; so is keepalived, but that it gets no other way. */
const fromRepositories = [
    // The reboot does it.
    `export NEEDRESTART_SUSPEND=1`,
    `patiently apt-get update --quiet --option APT::Update::Error-Mode=any`,
    `patiently apt-get upgrade --quiet --yes --with-new-pkgs "\${keep[@]/#/--option=Dpkg::Options::=}"`,
    `patiently apt-get install --quiet --yes --only-upgrade --allow-change-held-packages \\`,
    `    "\${keep[@]/#/--option=Dpkg::Options::=}" keepalived`,
].join("\n");

const fromBundle = [
    `. /etc/os-release`,
    `cd ${bundleDirectory}/packages/"$ID-\${VERSION_ID-}-$(dpkg --print-architecture)"`,
    `newer=()`,
    `for file in *.deb; do`,
    `    read -r name version < <(dpkg-deb --show --showformat '\${Package} \${Version}\\n' "$file")`,
    // They come with a version of Kubernetes, or by themselves, node by node.
    `    case "$name" in containerd|runc) continue ;; esac`,
    `    installed=$(dpkg-query --show --showformat '\${db:Status-Status} \${Version}' "$name" 2>/dev/null || true)`,
    `    case "$installed" in`,
    `        "installed "*) dpkg --compare-versions "$version" gt "\${installed#* }" || continue ;;`,
    `    esac`,
    `    newer+=("$file")`,
    `done`,
    `[ \${#newer[@]} -eq 0 ] || patiently dpkg --install "\${keep[@]}" "\${newer[@]}"`,
].join("\n");

/** Run on the machine: prints a name for the time since its start and then, one a line, why it is to be rebooted. */
export function rebootReasonTasks({ reboot }) {
    return [task("Look whether the machine is to be rebooted",
        boot,
        `echo "$boot"`,
        reboot !== "always" ? []
            : `if [ "$(tail -n 1 ${underWay})" = "$boot" ]; then echo 'the settings say so'; fi`,
        `if [ -e /run/reboot-required ]; then echo 'a package asks for it'; fi`,
        `newest=$(find /boot -maxdepth 1 -name 'vmlinuz-*' -printf '%f\\n' 2>/dev/null \\`,
        `    | sed 's/^vmlinuz-//' | sort --version-sort | tail -n 1 || true)`,
        `if [ -n "$newest" ] && [ "$newest" != "$(uname -r)" ]; then echo "the kernel $newest is installed"; fi`,
        // What was replaced on disk is still used by what was not started anew; containers have files of their own.
        `outdated=$(grep --files-with-matches --extended-regexp ' /(usr|lib|opt)/.* \\(deleted\\)$' \\`,
        `    /proc/[0-9]*/maps 2>/dev/null \\`,
        `    | while IFS=/ read -r _ _ process _; do`,
        `        grep --quiet kubepods "/proc/$process/cgroup" 2>/dev/null || cat "/proc/$process/comm" 2>/dev/null || true`,
        `    done | sort -u | paste -sd ' ' || true)`,
        `if [ -n "$outdated" ]; then echo "replaced files are in use: $outdated"; fi`)];
}

/** Run on the machine: reboots it, unless it was since. */
export function rebootTasks(since, reasons) {
    return [task("Reboot",
        boot,
        `[ "$boot" = ${shellQuote(since)} ] || exit 0`,
        `systemctl reboot --no-block --message ${shellQuote(`Landfall: ${reasons.join("; ")}`)}`)];
}

/** Prints a name for the time since the machine's start, as soon as it answers. */
export const askBoot = `${boot}; echo "$boot"`;

/** Run on a node of the control plane before it is touched: etcd has to go on without it. */
export const quorumTasks = [task("Look whether all members of etcd are healthy", etcdctl,
    `etcdctl endpoint health --cluster >/dev/null`)];

/** Run on a node of the control plane that was touched: its API server answers, and all of etcd is healthy. */
export const controlPlaneTasks = [
    task("Wait for the API server of the node",
        `for _ in {1..100}; do`,
        `    ! curl --fail --silent --insecure --max-time 5 --output /dev/null https://127.0.0.1:6443/readyz || break`,
        `    sleep 3`,
        `done`,
        `curl --fail --silent --show-error --insecure --max-time 5 --output /dev/null https://127.0.0.1:6443/readyz`),
    task("Wait for all members of etcd", etcdctl,
        `for _ in {1..60}; do`,
        `    ! etcdctl endpoint health --cluster >/dev/null 2>&1 || break`,
        `    sleep 3`,
        `done`,
        `etcdctl endpoint health --cluster >/dev/null`),
];

/** Run on the control plane: what it knows of a node may be from before, so the kubelet has to report anew, twice. */
export function readyTasks(name) {
    return [task(`Wait until ${name} is ready`,
        `lease() { kubectl get lease ${name} --namespace kube-node-lease --output 'jsonpath={.spec.renewTime}' || true; }`,
        `for _ in 1 2; do`,
        `    before=$(lease)`,
        `    for _ in {1..90}; do`,
        `        sleep 2`,
        `        now=$(lease)`,
        `        if [ -n "$now" ] && [ "$now" != "$before" ]; then continue 2; fi`,
        `    done`,
        `    echo "The kubelet of ${name} does not report." >&2`,
        `    exit 1`,
        `done`,
        `kubectl wait node ${name} --for condition=Ready --timeout 180s >/dev/null`)];
}

/** Run on the machine at the end. */
export function rememberPatchedTasks({ patches }) {
    return [task("Remember that the machine is patched",
        `printf '%s\\n' ${shellQuote(patches)} > ${done}`,
        `rm -f ${underWay}`)];
}
