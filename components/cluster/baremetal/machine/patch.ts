// Patches a machine's system: upgrades its packages, and reboots it if necessary.
import type { ClusterFacts } from "../program/facts";
import { bundleDirectory, holdPackages } from "./packages";
import { given, shellQuote, type Task, task } from "./script";

/** Which patches a machine should have: any text, and another text means to patch again. */
type PatchFacts = Pick<ClusterFacts, "patches">;

/** Why a node is cordoned while it is patched. */
export const reason = "patch";

/** The patches that the machine has. */
const done = "/var/lib/landfall/patched";
/** The patches that are being installed, and the boot in which that began. */
const underWay = "/var/lib/landfall/patching";

/** Identifies a boot. A container has its host's boot ID, but its first process starts at its own time. */
const boot = `boot="$(cat /proc/sys/kernel/random/boot_id) $(awk '{ print $22 }' /proc/1/stat)"`;

/** Runs on the machine: prints `patched` if it has these patches. */
export function patchedTasks(facts: PatchFacts): Task[] {
    const patches = given(facts.patches, "patches");
    return [task("Check whether the machine is patched",
        `if [ "$(cat ${done} 2>/dev/null)" = ${shellQuote(patches)} ]; then echo patched; fi`)];
}

/** Runs on the drained machine: upgrades its packages. Configuration files that people have changed stay as they are. */
export function patchTasks({ bundle, ...facts }: PatchFacts & Pick<ClusterFacts, "bundle">): Task[] {
    const patches = given(facts.patches, "patches");
    return [
        task("Record that patching has begun",
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

/** Held packages (Kubernetes, containerd) wait for an upgrade. keepalived, held too, is upgraded here. */
const fromRepositories = [
    // Services that use replaced files are restarted by the reboot.
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
    // container-runtime.ts upgrades these, node by node.
    `    case "$name" in containerd|runc) continue ;; esac`,
    `    installed=$(dpkg-query --show --showformat '\${db:Status-Status} \${Version}' "$name" 2>/dev/null || true)`,
    `    case "$installed" in`,
    `        "installed "*) dpkg --compare-versions "$version" gt "\${installed#* }" || continue ;;`,
    `    esac`,
    `    newer+=("$file")`,
    `done`,
    `[ \${#newer[@]} -eq 0 ] || patiently dpkg --install "\${keep[@]}" "\${newer[@]}"`,
].join("\n");

/** Runs on the machine: prints an ID of its boot and then, one per line, the reasons to reboot it. */
export function rebootReasonTasks({ reboot }: Pick<ClusterFacts, "reboot">): Task[] {
    return [task("Check whether the machine needs a reboot",
        boot,
        `echo "$boot"`,
        reboot !== "always" ? []
            : `if [ "$(tail -n 1 ${underWay})" = "$boot" ]; then echo 'the settings require it'; fi`,
        `if [ -e /run/reboot-required ]; then echo 'a package requires it'; fi`,
        `newest=$(find /boot -maxdepth 1 -name 'vmlinuz-*' -printf '%f\\n' 2>/dev/null \\`,
        `    | sed 's/^vmlinuz-//' | sort --version-sort | tail -n 1 || true)`,
        `if [ -n "$newest" ] && [ "$newest" != "$(uname -r)" ]; then echo "the kernel $newest is installed"; fi`,
        // Processes that still run files which a package has replaced. Containers have files of their own.
        `outdated=$(grep --files-with-matches --extended-regexp ' /(usr|lib|opt)/.* \\(deleted\\)$' \\`,
        `    /proc/[0-9]*/maps 2>/dev/null \\`,
        `    | while IFS=/ read -r _ _ process _; do`,
        `        grep --quiet kubepods "/proc/$process/cgroup" 2>/dev/null || cat "/proc/$process/comm" 2>/dev/null || true`,
        `    done | sort -u | paste -sd ' ' || true)`,
        `if [ -n "$outdated" ]; then echo "replaced files are in use: $outdated"; fi`)];
}

/** Runs on the machine: reboots it if the boot is still the one with the ID `since`. */
export function rebootTasks(since: string, reasons: string[]): Task[] {
    return [task("Reboot",
        boot,
        `[ "$boot" = ${shellQuote(since)} ] || exit 0`,
        `systemctl reboot --no-block --message ${shellQuote(`Landfall: ${reasons.join("; ")}`)}`)];
}

/** A command that prints the ID of the machine's boot. */
export const askBoot = `${boot}; echo "$boot"`;

/** Runs on the machine when it is back. */
export function rememberPatchedTasks(facts: PatchFacts): Task[] {
    const patches = given(facts.patches, "patches");
    return [task("Record that the machine is patched",
        `printf '%s\\n' ${shellQuote(patches)} > ${done}`,
        `rm -f ${underWay}`)];
}
