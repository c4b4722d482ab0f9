import { mebibytes } from "../../quantity";
import { gatewayPorts } from "../cluster";
import type { MinikubeArgs } from "./index";

export type MinikubeStartArgs = Omit<MinikubeArgs, "volumes" | "comparisons" | "transform">;

/** The arguments of `minikube start`. If they change, every user's cluster is replaced. */
export function minikubeStartArgs(args: MinikubeStartArgs): string[] {
    const { driver, hasMachine, publishesPorts } = driverOf(args);
    // What minikube calls megabytes are mebibytes.
    const machine = ["--cpus", String(args.cpus), "--memory", `${mebibytes(args.memory)}mb`];
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
