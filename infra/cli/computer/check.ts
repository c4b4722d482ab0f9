import { dockerFinding } from "./docker";
import { kernelFindings } from "./kernel";
import type { Needs } from "./needs";
import { networkFindings, Network } from "./network";
import type { Probes } from "./probes";
import type { Finding } from "./report";

/** The report and its consequences. */
export interface Report {
    findings: Finding[];
    network: Network;
    /** Whether the command must install or start Docker. */
    setUpDocker: boolean;
    /** Whether the kit must build the cluster's images. */
    kit: boolean;
}

const gigabyte = 1e9;

/**
 * Checks everything that the stack needs and reports all problems at once. `kit`: whether the stack was started with the
 * kit's images before; undefined if it has never been started.
 */
export async function checkComputer(needs: Needs, probes: Probes, kit?: boolean): Promise<Report> {
    const [docker, network, ports] = await Promise.all([
        needs.docker ? probes.docker() : undefined,
        networkFindings(needs, probes, kit),
        Promise.all(needs.ports.map(wanted => portFinding(wanted, needs.clusterName, probes))),
    ]);
    const findings: Finding[] = [{ state: "ok", text: `Node ${process.versions.node}` }];
    const dockerReport = docker && dockerFinding(docker, probes);
    if (dockerReport) findings.push(dockerReport.finding);
    if (docker) findings.push(...kernelFindings(needs, docker, probes, network.kit));
    if (needs.disk) findings.push(diskFinding(probes, network.coldKit ? 25 : 10));
    findings.push(...ports, ...network.findings);
    return { findings, network: network.network, setUpDocker: dockerReport?.setUp ?? false, kit: network.kit };
}

function diskFinding(probes: Probes, gigabytes: number): Finding {
    const { directory, free } = probes.disks().reduce((least, disk) => (disk.free < least.free ? disk : least));
    const text = `${Math.floor(free / gigabyte)} GB of disk are free at ${directory}`;
    if (free >= gigabytes * gigabyte) return { state: "ok", text };
    return {
        state: "problem",
        text: `${text}; ${gigabytes} GB are needed`,
        remedy: "Free some space (`docker system df` shows what Docker holds), or set LANDFALL_HOME and " +
            "LANDFALL_CACHE to directories on a larger disk.",
    };
}

async function portFinding(
    { port, setting }: { port: number; setting: string }, clusterName: string | undefined, probes: Probes,
): Promise<Finding> {
    const state = await probes.port(port);
    if (state.free) return { state: "ok", text: `Port ${port} is free` };
    if (clusterName && state.cluster === clusterName) {
        return { state: "ok", text: `Port ${port} is in use by this stack's own cluster` };
    }
    if (state.reserved && !state.container) {
        return {
            state: "problem", text: `Windows reserves port ${port}`,
            remedy: `Set ${setting} to a port outside these ranges: netsh interface ipv4 show excludedportrange protocol=tcp`,
        };
    }
    const owner = state.container ? `the container ${state.container}` : "another program";
    const stop = state.container ? `Stop it (docker stop ${state.container})`
        : `Stop it (\`${listenerCommand(port, probes.platform)}\` shows which it is)`;
    return {
        state: "problem",
        text: `Port ${port} of 127.0.0.1 is in use by ${owner}`,
        remedy: `${stop}, or set ${setting} to another port.`,
    };
}

function listenerCommand(port: number, platform: NodeJS.Platform): string {
    if (platform === "win32") return `netstat -ano | findstr :${port}`;
    return platform === "darwin" ? `lsof -nP -iTCP:${port} -sTCP:LISTEN` : `ss -ltnp sport = :${port}`;
}
