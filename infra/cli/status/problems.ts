import { nameOf, namespaceOf } from "./objects";
import { describeObjects, type Finding, type Problem, type Rule, severities, type Situation } from "./problem";
import { entranceRules } from "./rules/entrance";
import { nodeRules } from "./rules/nodes";
import { podRules } from "./rules/pods";
import { taskRules } from "./rules/tasks";
import { volumeRules } from "./rules/volumes";
import { workloadRules } from "./rules/workloads";

/** Everything that is looked for. */
export const rules: Record<string, Rule> = { ...workloadRules, ...entranceRules, ...nodeRules, ...podRules, ...taskRules, ...volumeRules };

/** What is wrong with a stack, the worst first, then the longest. Nothing is said about what goes on as it should. */
export function problemsOf(situation: Situation): Problem[] {
    const problems = Object.entries(rules).flatMap(([name, rule]) =>
        grouped(rule(situation)).map(findings => problemOf(name, findings)));
    const rank = ({ severity, since }: Problem): [number, string] => [severities.indexOf(severity), since ?? "~"];
    return problems.sort((a, b) => rank(a)[0] - rank(b)[0] || (rank(a)[1] < rank(b)[1] ? -1 : 1));
}

/** Puts together what is the same of several objects, for example of all pods of a workload. */
function grouped(findings: Finding[]): Finding[][] {
    const groups = new Map<string, Finding[]>();
    for (const finding of findings) {
        const { kind, object, matter, group } = finding;
        const key = JSON.stringify([kind, namespaceOf(object), group ?? nameOf(object), matter.replace(/\d+ restarts/, "")]);
        groups.set(key, [...(groups.get(key) ?? []), finding]);
    }
    return [...groups.values()];
}

function problemOf(rule: string, findings: Finding[]): Problem {
    const [{ severity, matter, action, group }] = findings;
    const times = findings.flatMap(({ since }) => (since === undefined || since <= 0 ? [] : [since]));
    const first = Math.min(...times);
    return {
        severity, rule, object: describeObjects(findings), matter, action, ...(group !== undefined && { group }),
        ...(Number.isFinite(first) && { since: new Date(first).toISOString() }),
    };
}
