import { UserError } from "../user-error";

/** What applies the program: Pulumi itself, or the offline engine that stands in for it on a closed network. */
export type EngineName = "pulumi" | "offline";

/** What is known when the engine is chosen. */
export interface EngineFacts {
    /** The option `--engine`. */
    asked: "auto" | EngineName;
    /** Which of them holds the stack's state already. */
    holder?: EngineName;
    /** Whether the Pulumi CLI is on this computer. */
    found: boolean;
    /** Whether get.pulumi.com answers. */
    reachable: boolean;
    /** Whether the CLI can be built here from its Go module. */
    buildable: boolean;
    /** The target, if it is one that only Pulumi's own providers make. */
    cloud?: string;
}

/** How a CLI is got that isn't there. */
export type Install = "download" | "build";

/** The engine for a stack, and how its CLI must be got first. The states of the two are never mixed. */
export function chooseEngine(facts: EngineFacts): { engine: EngineName; install?: Install } {
    const { asked, holder, found, reachable, buildable, cloud } = facts;
    if (cloud && (asked === "offline" || (!found && !reachable))) {
        throw new UserError(
            `The target ${cloud} needs Pulumi and its provider for that cloud, which the offline engine can't stand in ` +
                "for. Install the Pulumi CLI (https://www.pulumi.com/docs/install/) on a computer that reaches the " +
                "cloud, or choose a target on this one. Nothing was changed.",
        );
    }
    if (holder && asked !== "auto" && asked !== holder) {
        throw new UserError(
            `This stack was started with ${names[holder]}, which keeps its state; ${names[asked]} doesn't know it ` +
                "and would make everything a second time. " +
                `Run the command without --engine, or "npm run down" first and start again.`,
        );
    }
    const wanted = holder ?? asked;
    if (wanted === "offline") return { engine: "offline" };
    if (found) return { engine: "pulumi" };
    if (reachable) return { engine: "pulumi", install: "download" };
    if (wanted === "auto") return { engine: "offline" };
    if (buildable) return { engine: "pulumi", install: "build" };
    const why = holder ? "This stack was started with Pulumi" : "Pulumi was asked for (--engine pulumi)";
    throw new UserError(
        `${why}, but its CLI is not on this computer and can't be downloaded: get.pulumi.com doesn't answer. Without Go ` +
            "(https://go.dev/doc/install) it can't be built here either. " +
            "Install it (https://www.pulumi.com/docs/install/) or connect to the network, and run the command again.",
    );
}

const names: Record<EngineName, string> = { pulumi: "Pulumi", offline: "the offline engine" };
