import { quoted } from "../terminal/options";
import { duration } from "./fields";
import { severities, type Problem } from "./problem";
import type { Part, Status, Task } from "./summary";

const marks: Record<Problem["severity"], string> = { outage: "✗", failing: "!", risk: "·", unknown: "?" };

/** A stack's state on one screen: what runs, then what is wrong and what to do about it. */
export function screen(status: Status, kubeconfig?: string): string {
    const now = Date.parse(status.time);
    const { stack, target, address, asleep, etcdSnapshot, problems, notes } = status;
    const verdict = problems.length === 0 ? ["All is well."] : problemLines(problems, now);
    const lines = [
        `Stack "${stack}" on ${target}${address ? `: ${address}` : ""}`, ...about(status),
        ...(etcdSnapshot ? [`Last snapshot of etcd: ${duration(now - Date.parse(etcdSnapshot))} ago`] : []),
        ...(asleep ? [`Asleep since ${asleep.slice(0, 16).replace("T", " ")} UTC, for ${duration(now - Date.parse(asleep))}: the next request wakes it.`] : []),
        "", ...table(status, now), "", ...verdict,
        ...notes.map(note => `Note: ${note}`),
        ...(problems.some(({ action }) => action.includes("kubectl")) ? ["", `kubectl finds the cluster by: ${exportLine(kubeconfig)}`] : []),
    ];
    return lines.filter((line, index) => line !== "" || lines[index - 1] !== "").join("\n");
}

/** The command by which kubectl finds the cluster: on Windows, for both shells. */
export function exportLine(file: string | undefined, platform = process.platform): string {
    if (file === undefined) return "pulumi stack output kubeconfig --show-secrets, written to a file that KUBECONFIG names";
    return platform === "win32" ? `$env:KUBECONFIG = '${file.replaceAll("'", "''")}' (cmd: set "KUBECONFIG=${file}")` : `export KUBECONFIG=${quoted(file)}`;
}

function about({ versions: { applied, code, kubernetes }, imageDates, nodes }: Status): string[] {
    if (kubernetes === undefined) return [];
    const landfall = applied === undefined ? `Landfall, its version isn't known here (this code is ${code})`
        : applied === code ? `Landfall ${applied}` : `Landfall ${applied} (this code is ${code})`;
    const ready = nodes.filter(node => node.ready).length;
    return [[
        landfall, ...(imageDates.length > 0 ? [`images of ${imageDates.join(", ")}`] : []), `Kubernetes ${kubernetes}`,
        ...(nodes.length > 0 ? [`${ready} of ${nodes.length} nodes ready`] : []),
    ].join(", ")];
}

/** A row has a name and cells, or a name and a text that runs over all columns. */
type Row = [name: string, ...cells: string[]];

function table({ parts, tasks }: Status, now: number): string[] {
    const namespaces = [...new Set(parts.map(({ namespace }) => namespace))];
    const rows = namespaces.flatMap((namespace, index): Row[] => [
        index === 0 ? [namespace, "ready", "since", "image", "node"] : [namespace],
        ...parts.filter(part => part.namespace === namespace).map(part => partRow(part, now)),
        ...tasks.filter(task => task.namespace === namespace).map(task => taskRow(task, now)),
    ]);
    const widths = [0, 1, 2, 3].map(column =>
        Math.max(0, ...rows.filter(row => column === 0 || row.length > 2).map(row => row[column]?.length ?? 0)));
    return rows.map(row => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
}

function partRow({ name, ready, wanted, between, since, images, nodes, asleep }: Part, now: number): Row {
    if (asleep) return [`  ${name}`, "asleep", duration(now - Date.parse(asleep)), "–", "–"];
    const bounds = between ? ` (${between[0]}–${between[1]})` : "";
    const places = nodes.length > 3 ? `${nodes.length} nodes` : nodes.join(", ");
    const age = since ? duration(now - Date.parse(since)) : "–";
    return [`  ${name}`, `${ready} of ${wanted}${bounds}`, age, images.join(", ") || "–", places || "–"];
}

function taskRow({ name, succeeded }: Task, now: number): Row {
    return [`  ${name}`, succeeded ? `last ended well ${duration(now - Date.parse(succeeded))} ago` : "has not ended well yet"];
}

function problemLines(problems: Problem[], now: number): string[] {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems, the worst first`;
    const used = severities.filter(severity => problems.some(problem => problem.severity === severity));
    const legend = used.map(severity => `${marks[severity]} ${severity}`).join(", ");
    return [`${count} (${legend}):`, ...problems.flatMap(({ severity, object, matter, since, action }) => {
        const age = since ? ` (for ${duration(now - Date.parse(since))})` : "";
        return [`${marks[severity]} ${object}: ${matter}${age}`, `    → ${action}`];
    })];
}
