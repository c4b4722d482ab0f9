import { duration } from "./fields";
import { severities, type Problem } from "./problem";
import type { Part, Status } from "./summary";

const marks: Record<Problem["severity"], string> = { outage: "✗", failing: "!", risk: "·", unknown: "?" };

/** A stack's state on one screen: what runs, then what is wrong and what to do about it. */
export function screen(status: Status, kubeconfig?: string): string {
    const now = Date.parse(status.time);
    const { stack, target, address, problems } = status;
    const lines = [
        `Stack "${stack}" on ${target}${address ? `: ${address}` : ""}`, ...about(status), "", ...table(status, now), "",
        ...(problems.length === 0 ? ["All is well."] : problemLines(problems, now)),
        ...status.notes.map(note => `Note: ${note}`),
        ...(problems.some(({ action }) => action.includes("kubectl")) && kubeconfig ? ["", `kubectl finds the cluster by: ${exportLine(kubeconfig)}`] : []),
    ];
    return lines.filter((line, index) => line !== "" || lines[index - 1] !== "").join("\n");
}

function exportLine(file: string, platform = process.platform): string {
    return platform === "win32" ? `set KUBECONFIG=${file}` : `export KUBECONFIG=${file}`;
}

function about({ versions, imageDates, nodes }: Status): string[] {
    if (versions.kubernetes === undefined) return [];
    const { applied, code, kubernetes } = versions;
    const ready = nodes.filter(node => node.ready).length;
    return [[
        applied ? `Landfall ${applied}${applied === code ? "" : ` (this code is ${code})`}` : `Landfall, its version isn't known here (this code is ${code})`,
        ...(imageDates.length > 0 ? [`images of ${imageDates.join(", ")}`] : []),
        `Kubernetes ${kubernetes}`,
        ...(nodes.length > 0 ? [`${ready} of ${nodes.length} nodes ready`] : []),
    ].join(", ")];
}

function table({ parts, tasks }: Status, now: number): string[] {
    const spaces = [...new Set(parts.map(({ namespace }) => namespace))];
    const rows = spaces.flatMap((namespace, index) => [
        [namespace, ...(index === 0 ? ["ready", "since", "image", "node"] : ["", "", "", ""])],
        ...parts.filter(part => part.namespace === namespace).map(part => row(part, now)),
        ...tasks.filter(task => task.namespace === namespace).map(({ name, succeeded }) =>
            [`  ${name}`, succeeded ? `last ended well ${duration(now - Date.parse(succeeded))} ago` : "has not ended well yet", "", "", ""]),
    ]);
    // A task's line runs over the columns.
    const widths = [0, 1, 2, 3].map(column => Math.max(0, ...rows.filter(cells => column === 0 || cells[2] !== "").map(cells => cells[column].length)));
    return rows.map(cells => cells.map((cell, column) => (column < 4 && (column === 0 || cells[2] !== "") ? cell.padEnd(widths[column]) : cell)).join("  ").trimEnd());
}

function row({ name, ready, wanted, between, since, images, nodes }: Part, now: number): string[] {
    const bounds = between ? ` (${between[0]}–${between[1]})` : "";
    const places = nodes.length > 3 ? `${nodes.length} nodes` : nodes.join(", ");
    return [`  ${name}`, `${ready} of ${wanted}${bounds}`, since ? duration(now - Date.parse(since)) : "–", images.join(", ") || "–", places || "–"];
}

function problemLines(problems: Problem[], now: number): string[] {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems, the worst first`;
    const used = severities.filter(severity => problems.some(problem => problem.severity === severity));
    return [`${count} (${used.map(severity => `${marks[severity]} ${severity}`).join(", ")}):`, ...problems.flatMap(({ severity, object, matter, since, action }) => [
        `${marks[severity]} ${object}: ${matter}${since ? ` (for ${duration(now - Date.parse(since))})` : ""}`, `    → ${action}`,
    ])];
}
