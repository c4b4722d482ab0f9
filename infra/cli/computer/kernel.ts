import type { Needs } from "./needs";
import type { DockerState, Inotify, Probes } from "./probes";
import type { Finding } from "./report";

/** What kind advises against "too many open files": https://kind.sigs.k8s.io/docs/user/known-issues/ */
const advised: Inotify = { watches: 524_288, instances: 512 };
/** Below these, a single node runs out. Linux's defaults are at least as high. */
const least: Inotify = { watches: 8192, instances: 128 };
/** Watches that other programs, such as editors, may use; kind's advice includes them. */
const fewWatches = 65_536;

/** What in the kernel that Docker uses would make a cluster of containers fail. */
export function kernelFindings(needs: Needs, docker: DockerState, probes: Probes, kit: boolean): Finding[] {
    if (!needs.containers || docker.memory === undefined) return [];
    const inotify = docker.here ? probes.inotify() : undefined;
    return [...cgroupFinding(needs, docker, kit), ...(inotify ? inotifyFinding(inotify) : [])];
}

/** Since 1.35 the kubelet refuses cgroup v1 unless configured otherwise, as on the kit's nodes. */
function cgroupFinding({ usualNodes }: Needs, { cgroup }: DockerState, kit: boolean): Finding[] {
    if (cgroup !== "1") return [];
    const text = "Docker runs on cgroup v1";
    if (kit) return [{ state: "note", text: `${text}, which Kubernetes will soon not support: the kit's nodes still do` }];
    const remedy = "Start Linux with cgroup v2: put systemd.unified_cgroup_hierarchy=1 on the kernel's command line (in " +
        "/etc/default/grub, then `sudo update-grub`) and reboot; for WSL put kernelCommandLine=cgroup_no_v1=all under [wsl2] " +
        "in .wslconfig, then `wsl --shutdown`.";
    return usualNodes ? [{ state: "problem", text: `${text}, on which Kubernetes 1.35 and newer don't start`, remedy }]
        : [{ state: "note", text: `${text}, on which Kubernetes 1.35 and newer don't start. ${remedy}` }];
}

function inotifyFinding({ watches, instances }: Inotify): Finding[] {
    if (watches >= fewWatches && instances >= advised.instances) return [];
    const text = `Linux allows each user ${instances} inotify instances and ${watches} watches: with many pods, "too many open files"`;
    const remedy = `Allow more: \`sudo sysctl fs.inotify.max_user_watches=${Math.max(watches, advised.watches)}\` and ` +
        `\`sudo sysctl fs.inotify.max_user_instances=${Math.max(instances, advised.instances)}\`; ` +
        "both without `sudo sysctl`, as lines of a file in /etc/sysctl.d, outlast a reboot.";
    const few = watches < least.watches || instances < least.instances;
    return [{ state: few ? "problem" : "note", text, remedy }];
}
