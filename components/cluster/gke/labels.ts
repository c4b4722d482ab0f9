import * as pulumi from "@pulumi/pulumi";
import type { GkeArgs } from "./args";

/** What everything is labelled with; Google takes lower-case letters, digits, "_" and "-", at most 63. */
export function labelsOf({ tags }: GkeArgs): Record<string, string> {
    const label = (text: string): string => text.toLowerCase().replace(/[^a-z0-9_-]/g, "-").slice(0, 63);
    return { project: label(pulumi.getProject()), stack: label(pulumi.getStack()), ...tags };
}
