import { Repository, RepositoryIamMember } from "@pulumi/gcp/artifactregistry";
import { getClientConfigOutput } from "@pulumi/gcp/organizations";
import * as pulumi from "@pulumi/pulumi";
import { nodePlatform } from "../cloud/args";
import type { ImageDelivery, RegistryCredentials } from "../cluster";
import { rendering } from "../lookup";
import type { Scope } from "./args";

export interface Registry {
    images: ImageDelivery;
    /** Lets the nodes pull. */
    grant: RepositoryIamMember;
}

const thirtyDays = `${30 * 24 * 60 * 60}s`;

/**
 * Creates a registry from which only the nodes pull. A tag can't be moved, and an image with a tag can't be deleted.
 * Images without tags are cleaned up.
 */
export function createRegistry(
    { name, args, options }: Scope, nodeAccount: pulumi.Output<string>,
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
    }, { ...options, deleteBeforeReplace: true });
    const grant = new RepositoryIamMember(`${name}-registry-nodes`, {
        project: args.project,
        location: args.region,
        repository: repository.repositoryId,
        role: "roles/artifactregistry.reader",
        member: pulumi.interpolate`serviceAccount:${nodeAccount}`,
    }, options);
    const registry = pulumi.interpolate`${args.region}-docker.pkg.dev/${args.project}/${repository.repositoryId}`;
    return {
        images: { method: "push", registry, platform: nodePlatform, credentials: credentialsOf(options) }, grant,
    };
}

/** The access token of whoever runs the program, valid for an hour. */
function credentialsOf({ parent, provider }: Scope["options"]): RegistryCredentials {
    const password = rendering()
        ? pulumi.output("rendered")
        : getClientConfigOutput({ parent, provider }).accessToken;
    return { username: "oauth2accesstoken", password: pulumi.secret(password) };
}
