import { Provider } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import type { EksArgs } from "./args";
import { Defaults, sizes } from "./sizes";

/** What all parts of the target are made with. */
export interface Scope {
    /** Name of the component; its children's names begin with it. */
    name: string;
    args: EksArgs;
    /** What the size decides. */
    defaults: Defaults;
    /** The part of AWS that ARNs of the region name. @example "aws" */
    partition: string;
    /** What everything is tagged with; the provider does it, but not for what others make, such as machines. */
    tags: Record<string, string>;
    /** Whether data outlives the cluster. */
    retained: boolean;
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource; provider: Provider };
}

export function scopeOf(name: string, args: EksArgs, parent: pulumi.Resource): Scope {
    const tags = { project: pulumi.getProject(), stack: pulumi.getStack(), ...args.tags };
    const provider = createProvider(`${name}-aws`, args, tags, parent);
    return {
        name,
        args,
        defaults: sizes[args.size],
        partition: args.region.startsWith("us-gov-") ? "aws-us-gov" : "aws",
        tags,
        retained: args.volumes !== "delete",
        options: { parent, provider },
    };
}

/** Refuses another account's credentials once more, in every call, and tags all that it makes. */
function createProvider(
    name: string, { region, account }: EksArgs, tags: Record<string, string>, parent: pulumi.Resource,
): Provider {
    return new Provider(name, { region, allowedAccountIds: [account], defaultTags: { tags } }, { parent });
}
