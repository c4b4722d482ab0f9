import type { Provider } from "@pulumi/aws";
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
    /** Whether data outlives the cluster. */
    retained: boolean;
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource; provider: Provider };
}

export function scopeOf(name: string, args: EksArgs, parent: pulumi.Resource, provider: Provider): Scope {
    return {
        name,
        args,
        defaults: sizes[args.size],
        partition: args.region.startsWith("us-gov-") ? "aws-us-gov" : "aws",
        retained: args.volumes !== "delete",
        options: { parent, provider },
    };
}
