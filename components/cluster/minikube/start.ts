import { gatewayPorts } from "../cluster";
import type { MinikubeArgs } from "./index";

export type MinikubeStartArgs = Omit<MinikubeArgs, "volumes" | "comparisons" | "transform">;

/** The arguments of `minikube start`. If they change, every user's cluster is replaced. */
export function minikubeStartArgs(args: MinikubeStartArgs): string[] {
    const { driver, hasMachine, publishesPorts } = driverOf(args);
    const machine = ["--cpus", String(args.cpus), "--memory", memory(args.memory)];
    const ports = [
        "--ports", `127.0.0.1:${args.http}:${gatewayPorts.http}`,
        "--ports", `127.0.0.1:${args.https}:${gatewayPorts.https}`,
    ];
    return [
        "start", "--profile", args.name, "--driver", driver, "--nodes", String(args.nodes),
        ...(args.kubernetesVersion ? ["--kubernetes-version", args.kubernetesVersion] : []),
        ...(hasMachine ? machine : []),
        ...(publishesPorts ? ports : []),
        "--addons", "metrics-server",
        // Enforces network policies, as minikube's default does not.
        "--cni", "calico",
        "--embed-certs", "--interactive=false", "--wait", "all",
        ...(args.flags ?? []), // if a flag is given twice, minikube uses the last one
    ];
}

/** Whether a driver creates machines of a given size, and whether it publishes their ports on 127.0.0.1. */
export function driverOf({ driver = "docker" }: { driver?: string }) {
    return {
        driver,
        hasMachine: driver !== "none",
        publishesPorts: driver === "docker" || driver === "podman",
    };
}

/** Whether the node is this computer itself. */
export function isOnThisComputer(args: { driver?: string }): boolean {
    return args.driver === "none";
}

const units: Record<string, number> = {
    "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40,
};

/** minikube doesn't parse Kubernetes quantities. What it calls megabytes are mebibytes. */
function memory(quantity: string): string {
    const [, amount, unit] = /^([\d.]+(?:[eE]\+?\d+)?)(\w*)$/.exec(quantity) ?? [];
    return amount && units[unit] ? `${Math.floor((Number(amount) * units[unit]) / units.Mi)}mb` : quantity;
}
