import type { ClusterFacts, NodeFacts } from "../../../components/cluster/baremetal/program/facts";
import { type Operation, scriptFor } from "../../../components/cluster/baremetal/operator/plan";
import { packageRepositories, versions } from "../../../components/versions";

type Node = NodeFacts & { incarnation: string };

const node = (name: string, last: number, role: Node["role"] = "control-plane"): Node => ({
    name, role, host: `198.18.40.${last}`, address: `198.18.40.${last}`, port: 22, user: "root", incarnation: `id-${name}`,
});
const names = (...nodes: Node[]) => nodes.map(({ name, address }) => ({ name, address }));

/** Three control-plane nodes and a worker. */
export const [one, two, three, worker] = [node("one", 11), node("two", 12), node("three", 13), node("web", 21, "worker")];

/** A cluster of one server, made from a bundle. */
export const server: ClusterFacts = {
    name: "landfall-server", owner: "landfall/server", incarnation: "id", version: "v1.36.4", bundle: "./bundle",
    volumesDirectory: "/var/lib/landfall-volumes",
    endpoint: "198.18.40.11:6443", controlPlanes: names(one), gatewayNodes: names(one), serviceAddress: "198.18.40.11", network: "none", podSubnet: "198.19.0.0/17",
    serviceSubnet: "198.19.128.0/20", tainted: false, ignorePreflightErrors: ["SystemVerification"], size: 1,
    renewBefore: 60, rotate: {},
    patches: "2026-11", reboot: "needed",
    runtime: versions.containerd,
    repositories: packageRepositories,
};

/** A cluster that stays available, made from the packages' repositories. */
export const available: ClusterFacts = {
    ...server, name: "landfall-prod", owner: "landfall/prod", bundle: undefined, endpoint: "198.18.40.100:6443",
    virtualAddress: "198.18.40.100", controlPlanes: names(one, two, three), gatewayAddress: "198.18.40.101",
    gatewayNodes: names(one, two, three, worker), serviceAddress: "198.18.40.101", network: "kube-router", tainted: true,
    ignorePreflightErrors: [], size: 4, reboot: "always",
};

/** Each variant that a machine may meet: which cluster, which node, and what is done to it. */
const variants: [string, ClusterFacts, Node, boolean, Operation[]][] = [
    ["server", server, one, true, [
        "status", "probe", "quiet", "install", "member", "settle", "upgrade", "around", "patch", "reboot", "aroundPatch",
        "certificates", "encryptionKey", "kubeconfig", "restore",
    ]],
    ["pool", { ...server, serviceAddress: undefined }, one, true, ["install"]],
    ["first", available, one, true, ["install", "member", "upgrade", "certificates"]],
    ["second", available, two, false, ["probe", "install", "giveUp", "mint", "member", "revoke", "snapshots", "snapshotsEnd", "recover", "leave"]],
    ["worker", available, worker, false, [
        "install", "mint", "member", "settle", "upgrade", "patch", "reboot", "leave",
    ]],
];

/** What machines are told, by variant and operation, such as `second-member`. */
export const scripts = new Map(variants.flatMap(([variant, cluster, of, first, operations]) =>
    operations.map((operation): [string, string] => [`${variant}-${operation}`, scriptFor(cluster, of, first, operation)])));

/** One of them. */
export function scriptOf(name: string): string {
    const script = scripts.get(name);
    if (script === undefined) throw new Error(`There is no ${name} in ${[...scripts.keys()].join()}`);
    return script;
}

/** The names of a script's steps, in their order; each script waits for others on its machine first. */
export function stepsOf(script: string): string[] {
    const [, ...steps] = [...script.matchAll(/^begin '(.*)'$/gm)].map(([, name]) => name.replaceAll(`'\\''`, "'"));
    return steps;
}

/** A script up to a step, which is left out with all that follows. */
export function before(script: string, step: string): string {
    return `${script.slice(0, startOf(script, step))}\n}\nmain </dev/null\n`;
}

/** A script without the steps before this one. */
export function from(script: string, step: string): string {
    return script.slice(0, script.indexOf("\n\nbegin '")) + script.slice(startOf(script, step));
}

function startOf(script: string, step: string): number {
    const start = script.indexOf(`\nbegin '${step.replaceAll("'", `'\\''`)}'\n`);
    if (start < 0) throw new Error(`There is no step ${step} in ${stepsOf(script).join()}`);
    return start;
}
