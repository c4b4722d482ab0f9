import { Repository, type RepositoryArgs, RepositoryIamMember } from "@pulumi/gcp/artifactregistry";
import { getClientConfigOutput } from "@pulumi/gcp/organizations";
import * as pulumi from "@pulumi/pulumi";
import { nodePlatform } from "../cloud/args";
import type { ImageDelivery, RegistryCredentials } from "../cluster";
import { rendering } from "../lookup";
import type { Scope } from "./args";

export interface Registry {
    images: ImageDelivery;
    /** Let the nodes pull. */
    grants: RepositoryIamMember[];
}

const thirtyDays = `${30 * 24 * 60 * 60}s`;

/**
 * Creates two registries from which only the nodes pull. In one, a tag can't be moved, and an image with a tag can't be deleted.
 * The other is for environments that delete their images.
 */
export function createRegistry(scope: Scope, nodeAccount: pulumi.Output<string>): Registry {
    const lasting = createRepository(scope, "registry", { repositoryId: scope.args.name, dockerConfig: { immutableTags: true } }, nodeAccount);
    const disposable = createRepository(scope, "disposable", { repositoryId: `${scope.args.name}-disposable` }, nodeAccount);
    return {
        images: {
            method: "push", registry: lasting.registry, disposable: disposable.registry, platform: nodePlatform, credentials: credentialsOf(scope.options),
        },
        grants: [lasting.grant, disposable.grant],
    };
}

/** Images without tags are cleaned up. */
function createRepository(
    { name, args, options }: Scope, part: string, own: Pick<RepositoryArgs, "repositoryId" | "dockerConfig">, nodeAccount: pulumi.Output<string>,
): { registry: pulumi.Output<string>; grant: RepositoryIamMember } {
    const repository = new Repository(`${name}-${part}`, {
        ...own,
        location: args.region,
        format: "DOCKER",
        description: `Images of the cluster ${args.name}`,
        vulnerabilityScanningConfig: { enablementConfig: "INHERITED" },
        cleanupPolicies: [{
            id: "untagged",
            action: "DELETE",
            condition: { tagState: "UNTAGGED", olderThan: thirtyDays },
        }],
    }, { ...options, deleteBeforeReplace: true });
    const grant = new RepositoryIamMember(`${name}-${part}-nodes`, {
        project: args.project,
        location: args.region,
        repository: repository.repositoryId,
        role: "roles/artifactregistry.reader",
        member: pulumi.interpolate`serviceAccount:${nodeAccount}`,
    }, options);
    return { registry: pulumi.interpolate`${args.region}-docker.pkg.dev/${args.project}/${repository.repositoryId}`, grant };
}

/** The access token of whoever runs the program, valid for an hour. */
function credentialsOf({ parent, provider }: Scope["options"]): RegistryCredentials {
    const password = rendering()
        ? pulumi.output("rendered")
        : getClientConfigOutput({ parent, provider }).accessToken;
    return { username: "oauth2accesstoken", password: pulumi.secret(password) };
}
