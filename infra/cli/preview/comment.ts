import { describe } from "../engine/events";
import { type Change, losesData, type Plan, type PropertyChange } from "./plan";
import { blockLines, inlineCode, lengthOf, readable, shortened } from "./text";

/** The label that lets a change pass which loses data. */
export const label = "data-loss-accepted";

/** How long a comment may be, in characters. Both leave room for what is added later, such as the environment's address. */
export const limits = { github: 65_536 - 1_000, gitlab: 1_000_000 - 1_000 } as const;

/** What is shown: the words for it, the command that shows it, and the marker by which its comment is found again. */
export const kinds = {
    preview: {
        heading: "Preview", lost: "Data would be lost", loses: "loses data", failed: "the preview failed", command: "npm run preview",
        verbs: { replace: "replaces", delete: "deletes" }, marker: (part: number) => marker("preview", part),
    },
    drift: {
        heading: "Drift", lost: "Data is missing", loses: "data is missing", failed: "the stack couldn't be read", command: "npm run drift",
        verbs: { replace: "has lost", delete: "has lost" }, marker: (part: number) => marker("drift", part),
    },
} as const;
type Words = typeof kinds[keyof typeof kinds];

function marker(kind: string, part: number): string {
    return `<!-- landfall:${kind}${part === 1 ? "" : ` ${part}`} -->`;
}

/** A part of the comment that may be cut between its entries. */
interface Section {
    open: string[];
    entries: string[][];
    close: string[];
    /** What is said of the entries that didn't fit. */
    more: (count: number) => string;
}

/**
 * The plans as Markdown: counts first, then what loses data, in full, then the rest, collapsed and cut to fit. It is one
 * comment, and more only if what loses data is longer than one. Nothing in it from the change has an effect of its own.
 */
export function renderComments(plans: readonly Plan[], limit: number, kind: keyof typeof kinds = "preview"): string[] {
    const words: Words = kinds[kind];
    const { heading, lost, marker } = words;
    const head = [marker(1), `## ${heading}`, "", ...tableOf(plans, words), ...notesOf(plans)];
    const lines = plans.flatMap(plan => plan.changes.filter(({ data }) => data !== undefined).map(change => dataLine(plan.stack, change, words)));
    const explained = ["", `### ${lost}`, "", ...kind === "preview" ? [
        `These hold data and would be replaced or deleted. The check fails until the pull request has the label \`${label}\`.`, "",
    ] : []];
    const room = limit - lengthOf(text(head)) - lengthOf(text(explained)) - reserve;
    const first = fitting(lines, room);
    const top = [...head, ...lines.length > 0 ? [...explained, ...lines.slice(0, first)] : []];
    const others: string[] = [];
    for (let next = first; next < lines.length;) {
        const begin = [marker(others.length + 2), `### ${lost} (continued)`, ""];
        const count = Math.max(1, fitting(lines.slice(next), limit - lengthOf(text(begin))));
        others.push(text([...begin, ...lines.slice(next, next + count)]));
        next += count;
    }
    return [text([...top, ...rest(plans, limit - lengthOf(text(top)), words)]), ...others];
}

/** Room for what is said at the end of what was left out. */
const reserve = 400;
const rows = 100;

const text = (lines: readonly string[]): string => lines.map(line => `${line}\n`).join("");

/** How many of the lines fit into so many characters. */
function fitting(lines: readonly string[], room: number): number {
    let used = 0;
    const index = lines.findIndex(line => (used += lengthOf(line) + 1) > room);
    return index < 0 ? lines.length : index;
}

function tableOf(plans: readonly Plan[], words: Words): string[] {
    if (plans.length === 0) return ["No stack is affected."];
    const ordered = [...plans].sort((a, b) => rank(a) - rank(b));
    return [
        "| stack | create | update | replace | delete | unchanged | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
        ...ordered.slice(0, rows).map(plan => {
            const { create, update, replace, delete: deleted, same } = plan.counts;
            const name = inlineCode(plan.stack, 100).replaceAll("|", "\\|");
            return `| ${name} | ${create} | ${update} | ${replace} | ${deleted} | ${same} | ${verdict(plan, words)} |`;
        }),
        ...ordered.length > rows ? ["", `${ordered.length - rows} more stacks aren't in this table.`] : [],
    ];
}

function verdict(plan: Plan, { loses }: Words): string {
    return [...plan.errors.length > 0 ? ["**failed**"] : [], ...losesData(plan) ? [`**${loses}**`] : []].join(", ");
}

function rank(plan: Plan): number {
    if (plan.errors.length > 0) return 0;
    if (losesData(plan)) return 1;
    return plan.changes.length > 0 ? 2 : 3;
}

function notesOf(plans: readonly Plan[]): string[] {
    const notes = plans.flatMap(({ stack, notes }) => notes.map(note => `- ${inlineCode(stack, 100)}: ${inlineText(note)}`));
    const shown = notes.slice(0, Math.min(rows, fitting(notes, 15_000)));
    return shown.length > 0 ? ["", ...shown, ...shown.length < notes.length ? [`- ${notes.length - shown.length} more notes aren't shown.`] : []] : [];
}

/** A sentence of ours with names in backticks; what else is in it is plain. */
function inlineText(note: string): string {
    return readable(note).split(/`([^`]*)`/).map((part, index) => (index % 2 ? inlineCode(part) : escaped(part))).join("");
}

function escaped(plain: string): string {
    return shortened(plain.replace(/\s+/g, " "), 500).replace(/[\\`*_{}[\]<>#|~@&]/g, character => `&#${character.charCodeAt(0)};`);
}

function dataLine(stack: string, { operation, urn, data, retained, properties }: Change, { verbs }: Words): string {
    const verb = operation === "replace" ? verbs.replace : verbs.delete;
    const causes = properties.filter(({ replaces }) => replaces).slice(0, 2).map(({ path }) => inlineCode(path, 100));
    const because = operation === "replace" && causes.length > 0 ? `, because of ${causes.join(" and ")}` : "";
    const kept = retained ? ". What it holds stays where it is, but nothing uses it any more" : "";
    return `- ${inlineCode(stack, 100)} ${verb} ${inlineCode(describe(urn))}: ${escaped(data ?? "")}${because}${kept}`;
}

/** What may be cut: failures, then the changes and warnings of each stack. */
function rest(plans: readonly Plan[], room: number, words: Words): string[] {
    const sections = [failureOf, changesOf, warningsOf].flatMap(sectionOf => plans.flatMap(plan => sectionOf(plan, words)));
    const lines: string[] = [];
    let left = room - reserve;
    let dropped = 0;
    sections.forEach((section, index) => {
        // Each of those that are left gets the same part of the room, and what one doesn't need the others have.
        const share = Math.floor(left / (sections.length - index));
        const shown = filled(section, share);
        if (shown === undefined) dropped++;
        else {
            lines.push(...shown);
            left -= lengthOf(text(shown));
        }
    });
    if (dropped > 0) lines.push("", `${dropped} more sections are left out, because a comment can't be longer. \`${words.command}\` shows all.`);
    return lines;
}

/** The section with as many entries as fit; undefined if not even the first does. */
function filled({ open, entries, close, more }: Section, room: number): string[] | undefined {
    const frame = lengthOf(text([...open, ...close, "", more(entries.length)]));
    const blocks = entries.map(entry => entry.join("\n"));
    const count = fitting(blocks, room - frame);
    if (count === 0) return undefined;
    return [...open, ...entries.slice(0, count).flat(), ...close, ...count < entries.length ? ["", more(entries.length - count)] : []];
}

const shows = ({ command }: Words, stack: string): string => `${inlineCode(`${command} -- --stack ${stack}`, 150)} shows them.`;
const summary = (stack: string, what: string): string => `<code>${html(shortened(readable(stack).replace(/\s+/g, " "), 100))}</code>: ${what}`;
const html = (plain: string): string => plain.replace(/[&<>"'@`*_~[\]|\\]/g, character => `&#${character.charCodeAt(0)};`);
const block = (stack: string, what: string, language: string) => ({
    open: ["", `<details><summary>${summary(stack, what)}</summary>`, "", `\`\`\`${language}`],
    close: ["```", "", "</details>"],
});

function failureOf({ stack, errors }: Plan, words: Words): Section[] {
    if (errors.length === 0) return [];
    const entries = errors.flatMap(error => blockLines(error)).map(line => [line]);
    const more = (count: number): string => `${count} more lines are left out. ${shows(words, stack)}`;
    const { open, close } = block(stack, words.failed, "text");
    return [{ open: open.map(line => line.replace("<details>", "<details open>")), close, entries, more }];
}

function changesOf({ stack, changes }: Plan, words: Words): Section[] {
    if (changes.length === 0) return [];
    const more = (count: number): string => `${count} more changes are left out. ${shows(words, stack)}`;
    return [{ ...block(stack, changes.length === 1 ? "1 change" : `${changes.length} changes`, "diff"), entries: changes.map(changeLines), more }];
}

function warningsOf({ stack, warnings }: Plan, words: Words): Section[] {
    if (warnings.length === 0) return [];
    const more = (count: number): string => `${count} more lines of warnings are left out. ${shows(words, stack)}`;
    const entries = warnings.flatMap(warning => blockLines(warning)).map(line => [line]);
    return [{ ...block(stack, warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`, "text"), entries, more }];
}

const signs = { create: "+", update: "!", replace: "-", delete: "-" } as const;

function changeLines({ operation, urn, properties, retained }: Change): string[] {
    const [name] = blockLines(describe(urn).replace(/\s+/g, " "), { indent: "", width: 300, lines: 1 });
    const line = `${signs[operation]} ${operation} ${name}${retained ? " (stays where it is, but nothing uses it)" : ""}`;
    const shown = properties.slice(0, 30).map(propertyLine);
    return [line, ...shown, ...properties.length > 30 ? [`    … ${properties.length - 30} more properties`] : []];
}

function propertyLine({ path, from, to, replaces }: PropertyChange): string {
    const values = from === undefined && to === undefined ? "" : `: ${value(from)} → ${value(to)}`;
    const [line] = blockLines(`${path}${values}${replaces ? " (replaces it)" : ""}`.replace(/\s+/g, " "), { width: 300, lines: 1 });
    return line;
}

function value(given: string | undefined): string {
    return given === undefined ? "nothing" : shortened(readable(given), 100);
}
