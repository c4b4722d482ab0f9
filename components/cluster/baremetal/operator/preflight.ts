// @ts-nocheck
// Asks every machine, and checks the bundle, before the first change; all problems are told at once.
import { fail, main } from "../../scripts/process";
import { openBundle } from "./archive";
import { architecture, bundleProblems } from "./bundle";
import { portsOf, problemsOf } from "./judge";
import { cluster as readCluster, nodes as readNodes, ssh as readSsh } from "./settings";
import { describeFailure, withSsh } from "./ssh";
import { parseProbe, probeTasks, quietTasks } from "../machine/probe";
import { renderScript } from "../machine/script";

void main(async () => {
    const [cluster, nodes, ssh] = [readCluster(), readNodes(), readSsh()];
    const answers = await withSsh({ ssh, nodes }, async connection => {
        const said = await Promise.all(nodes.map(node => ask(connection, node)));
        await Promise.all(nodes.map(node => connection.attempt(node, renderScript(quietTasks))));
        return said;
    });

    async function problemsOfBundle(systems) {
        try {
            return await bundleProblems(await openBundle(cluster.bundle, { anew: true }), cluster.version, systems);
        } catch (error) {
            return [error.message];
        }
    }

    /** What a machine answers, or why it doesn't. */
    async function ask(connection, node) {
        const script = renderScript(probeTasks({
            address: node.address,
            podSubnet: cluster.podSubnet,
            peers: nodes.filter(other => other !== node).map(other => ({
                address: other.address, ports: portsBetween(node, other),
            })),
            ports: portsOf(node.role),
            bridged: cluster.network === "kube-router",
        }));
        const begin = Date.now();
        const result = await connection.attempt(node, script);
        if (!result.ok) return { node, problem: describeFailure(node, result) };
        const found = parseProbe(result.stdout);
        return { node, found, apart: Number(found.time[0]) - (begin + Date.now()) / 2000 };
    }

    const reached = answers.filter(({ found }) => found);
    const systems = [...new Set(reached.map(({ found }) => `${found.os[0]}-${architecture(found.arch[0])}`))];
    const problems = [
        ...answers.flatMap(({ problem }) => problem ?? []),
        ...problemsOf(cluster, reached),
        ...(cluster.bundle ? await problemsOfBundle(systems) : []),
    ];
    if (problems.length === 0) return "";
    const count = problems.length === 1 ? "is 1 problem" : `are ${problems.length} problems`;
    return fail(`The machines are not ready; there ${count}. Nothing was changed.\n\n${problems.join("\n\n")}`);
});

/** What a node asks of another: everyone the API server, the control plane each other's etcd and every kubelet. */
function portsBetween(from, to) {
    const controlPlane = from.role === "control-plane";
    return [
        ...(to.role === "control-plane" ? [6443] : []),
        ...(to.role === "control-plane" && controlPlane ? [2379, 2380] : []),
        ...(controlPlane ? [10250] : []),
    ];
}
