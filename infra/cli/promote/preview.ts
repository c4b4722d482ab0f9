import type { EngineEvent } from "@pulumi/pulumi/automation/events";
import { describe } from "../engine/events";
import type { PulumiEngine } from "../engine/pulumi";
import { type Change, type Operation, type Plan, planOf } from "../preview/plan";

const signs: Record<Operation, string> = { create: "+", update: "~", delete: "-", replace: "±" };

/** What applying a stack would change, with its configuration rewritten. */
export async function planned(engine: PulumiEngine, stack: string, rewrite?: (configuration: string) => string): Promise<Plan> {
    const events: EngineEvent[] = [];
    await engine.preview("preview", event => events.push(event), rewrite);
    return planOf(stack, events);
}

export function describeChange({ operation, urn }: Change): string {
    return `${signs[operation]} ${describe(urn)}`;
}

/** The changes for people, what loses data first. */
export function describePlan({ changes }: Plan): string[] {
    return [
        ...changes.filter(({ data }) => data !== undefined).map(change => `! ${describeChange(change)}: loses ${change.data}`),
        ...changes.filter(({ data }) => data === undefined).map(change => describeChange(change)),
    ];
}
