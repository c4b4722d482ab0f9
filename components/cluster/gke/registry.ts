import { Repository, RepositoryIamMember } from "@pulumi/gcp/artifactregistry";
import { getClientConfigOutput } from "@pulumi/gcp/organizations";
import * as pulumi from "@pulumi/pulumi";
import { nodePlatform } from "../cloud/platform";
import type { ImageDelivery, RegistryCredentials } from "../cluster";
import { rendering } from "../lookup";
import type { GkeArgs } from "./args";

export interface Registry {
    images: ImageDelivery;
    /** Lets the nodes pull. */
    grant: RepositoryIamMember;
}

const thirtyDays = `${30 * 24 * 60 * 60}s`;

/**
 * A registry that only the nodes pull from. A tag can't be moved, nor its image be deleted while it has one: what is
 * cleaned up is what no tag is left of.
 */
export function createRegistry(
    name: string, args: GkeArgs, nodeAccount: pulumi.Output<string>, opts: pulumi.CustomResourceOptions,
): Registry {
    const repository = new Repository(`${name}-registry`, {
        repositoryId: args.name,
        location: args.region,
        format: "DOCKER",
        description: `Images of the cluster ${args.name}`,
        dockerConfig: { immutableTags: true },
        vulnerabilityScanningConfig: { enablementConfig: "INHERITED" },
        cleanupPolicies: [{
            id: "untagged",
            action: "DELETE",
            condition: { tagState: "UNTAGGED", olderThan: thirtyDays },
        }],
    }, { ...opts, deleteBeforeReplace: true });
    const grant = new RepositoryIamMember(`${name}-registry-nodes`, {
        project: args.project,
        location: args.region,
        repository: repository.repositoryId,
        role: "roles/artifactregistry.reader",
        member: pulumi.interpolate`serviceAccount:${nodeAccount}`,
    }, opts);
    const registry = pulumi.interpolate`${args.region}-docker.pkg.dev/${args.project}/${repository.repositoryId}`;
    return {
        images: { method: "push", registry, platform: nodePlatform, credentials: pushCredentials(opts) }, grant,
    };
}

/** The access token of whoever runs the program; it lasts an hour. */
function pushCredentials({ parent, provider }: pulumi.CustomResourceOptions): RegistryCredentials {
    const password = rendering()
        ? pulumi.output("rendered")
        : getClientConfigOutput({ parent, provider }).accessToken;
    return { username: "oauth2accesstoken", password: pulumi.secret(password) };
}
