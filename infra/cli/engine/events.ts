import type { DiagnosticEvent, EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation/events";
import { cacheDirectory } from "../../../components/cache";
import type { Terminal } from "../terminal";
import { seconds } from "../terminal";

const words: Record<string, [doing: string, done: string]> = {
    create: ["creating", "created"],
    update: ["updating", "updated"],
    delete: ["deleting", "deleted"],
    replace: ["replacing", "replaced"],
    "create-replacement": ["creating", "created again"],
    "delete-replaced": ["deleting", "deleted the old"],
    read: ["reading", "read"],
    refresh: ["looking at", "looked at"],
};
/** The operations that end when the object is ready. */
const comingUp = ["create", "update", "replace", "create-replacement"];
/** Not shown: only their children are of interest. */
const silent = /^(pulumi:|landfall:)/;
const colours = /<\{%[^}]*%\}>/g;
/** Whether a warning is about a plugin that the kit built: the user already knows. */
export const isOfOurPlugins = (warning: string): boolean =>
    warning.startsWith("resource plugin kubernetes is expected to have version") ||
    /^using pulumi-resource-\w+ from \$PATH at (.*)/.exec(warning)?.[1].startsWith(cacheDirectory()) === true;

/** A message of Pulumi without its marks for colours. */
export function withoutColours(message: string): string {
    return message.replace(colours, "").trim();
}

/** Whether it is a script's warning, which begins with `! `: Pulumi reports all output of scripts as progress. */
const isForPeople = ({ severity, message }: DiagnosticEvent): boolean => severity.startsWith("info") && withoutColours(message).startsWith("! ");

/** Turns Pulumi's events into readable lines. Keeps the errors for the end. */
export class EventReport {
    readonly errors: string[] = [];
    private readonly active = new Map<string, { text: string; start: number; waits?: string; comesUp: boolean }>();

    constructor(private readonly terminal: Terminal) {}

    readonly onEvent = (event: EngineEvent): void => {
        const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent } = event;
        if (resourcePreEvent) this.began(resourcePreEvent.metadata);
        if (resOutputsEvent) this.ended(resOutputsEvent.metadata, "✓");
        if (resOpFailedEvent) this.ended(resOpFailedEvent.metadata, "✗");
        if (diagnosticEvent && isForPeople(diagnosticEvent)) this.terminal.line(`  ${withoutColours(diagnosticEvent.message)}`);
        else if (diagnosticEvent?.ephemeral) this.waits(diagnosticEvent);
        else if (diagnosticEvent) this.said(diagnosticEvent.severity, diagnosticEvent.message);
    };

    /** What is in progress, for the status line. */
    readonly status = (): string => {
        const active = [...this.active.values()];
        if (active.length === 0) return "";
        const [oldest] = active;
        const others = active.length > 1 ? ` and ${active.length - 1} more` : "";
        const what = oldest.waits === undefined ? "" : `: ${oldest.waits}`;
        return `  … ${oldest.text}${others} (${seconds(oldest.start)})${what}`;
    };

    /** Since when an object of the cluster has been awaited to come up; undefined if none is. */
    readonly awaitedSince = (): number | undefined => [...this.active.values()].find(({ comesUp }) => comesUp)?.start;

    private began({ op, urn, type }: StepEventMetadata): void {
        if (!words[op] || silent.test(type)) return;
        this.active.set(urn, { text: `${words[op][0]} ${describe(urn)}`, start: Date.now(), comesUp: type.startsWith("kubernetes:") && comingUp.includes(op) });
    }

    private ended({ op, urn }: StepEventMetadata, mark: string): void {
        const begun = this.active.get(urn);
        if (!begun) return;
        this.active.delete(urn);
        // A refresh ends with what it has found.
        if (!words[op] || op === "read" || op === "refresh") return;
        const done = mark === "✓" ? words[op][1] : `${words[op][0]} failed`;
        this.terminal.line(`  ${mark} ${describe(urn)} ${done} (${seconds(begun.start)})`);
    }

    /**
     * A resource's latest message while it is in progress, for example what it waits for. Its further lines may be a container's
     * last words, which may contain secrets.
     */
    private waits({ urn, message }: DiagnosticEvent): void {
        const begun = urn === undefined ? undefined : this.active.get(urn);
        if (begun) [begun.waits] = withoutColours(message).split("\n");
    }

    private said(severity: string, message: string): void {
        const text = withoutColours(message);
        if (severity === "error") this.errors.push(text);
        if (severity === "warning" && !isOfOurPlugins(text)) this.terminal.line(`  ! ${text}`);
    }
}

/** A readable name of a resource: `Deployment web` of `urn:pulumi:dev::landfall::…$kubernetes:apps/v1:Deployment::web`. */
export function describe(urn: string): string {
    const [, , types = "", ...name] = urn.split("::");
    const type = types.split("$").pop()?.split(":").pop() ?? "";
    return `${type} ${name.join("::")}`.trim();
}
