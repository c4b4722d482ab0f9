// @ts-nocheck
// Run at program start: prints the incarnations of the cluster and of its nodes, as the machines know them. What was
// taken out or installed anew by hand has none, so that the program makes it again under a new one.
import { fail, main } from "../../scripts/process";
import { warningsOf } from "./judge";
import { cluster as readCluster, nodes as readNodes, ssh as readSsh } from "./settings";
import { describeFailure, withSsh } from "./ssh";
import { renderScript } from "../machine/script";
import { parseStatus, standingOf, statusTasks } from "../machine/status";

void main(async () => {
    const [cluster, nodes, ssh] = [readCluster(), readNodes(), readSsh()];
    const script = renderScript(statusTasks(cluster.owner), {}, { looks: true });
    const answers = await withSsh({ ssh, nodes }, connection => Promise.all(nodes.map(async node => {
        const result = await connection.attempt(node, script);
        return result.ok ? { node, ...parseStatus(result.stdout) } : { node, problem: describeFailure(node, result) };
    })), { quick: true });
    return JSON.stringify({ ...statusOf(answers), warnings: warningsOf(answers, Date.now() / 1000) });
});

/**
 * A node that doesn't answer is what the control plane remembers of it. That there is no cluster is known only if all of
 * the control plane says so, and that a silent node is none only if the API says so: what can't be seen mustn't be taken
 * for what is gone.
 */
function statusOf(answers) {
    const controlPlane = answers.filter(({ node }) => node.role === "control-plane");
    const incarnation = controlPlane.find(answer => answer.incarnation)?.incarnation;
    const problems = controlPlane.flatMap(({ problem }) => problem ?? []);
    if (!incarnation && problems.length > 0) {
        fail(`Whether there is a cluster can't be told. Nothing was changed.\n\n${problems.join("\n\n")}`);
    }
    const silent = answers.filter(({ problem }) => problem);
    if (incarnation && silent.length > 0 && !answers.some(({ asked }) => asked)) {
        const names = silent.map(({ node }) => node.name).join(", ");
        fail(`Whether ${names} may be given up can't be told, as the API doesn't answer either. Nothing was changed. Run ` +
            "again once one of them does, or take out of landfall:cluster.nodes what will not come back.\n\n" +
            silent.map(({ problem }) => problem).join("\n\n"));
    }
    const known = Object.assign({}, ...answers.map(answer => answer.known ?? {}));
    const members = answers.flatMap(({ node, member, problem }) => {
        const id = problem ? known[node.name] : member;
        return id ? [[node.name, id]] : [];
    });
    const signed = answers.flatMap(({ administrator }) => administrator ?? []);
    const administrator = signed.sort((a, b) => a.signed - b.signed).pop();
    return { incarnation, members: Object.fromEntries(members), administrator, standing: standingOf(answers) };
}
