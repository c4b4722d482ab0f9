import * as ecr from "@pulumi/aws/ecr";
import type { Key } from "@pulumi/aws/kms";
import * as pulumi from "@pulumi/pulumi";
import { nodePlatform } from "../cloud/args";
import type { ImageDelivery } from "../cluster";
import { rendering } from "../lookup";
import type { Scope } from "./args";

/** Creates the registry: one repository, in which tags begin with the images' names. */
export function createRegistry(scope: Scope, key: Key): ImageDelivery {
    const { name, args, options } = scope;
    const repository = new ecr.Repository(`${name}-images`, {
        name: `landfall/${args.name}`,
        imageTagMutability: "IMMUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: key.arn }],
        // Images can be built again from their sources.
        forceDelete: true,
    }, options);
    new ecr.LifecyclePolicy(`${name}-images`, { repository: repository.name, policy: lifecycle }, options);
    return {
        method: "push", registry: repository.repositoryUrl, naming: "tag", platform: nodePlatform,
        credentials: credentialsOf(scope),
    };
}

/** An image with a tag may be in use, however old. One without a tag is left over from an interrupted push. */
const lifecycle = JSON.stringify({
    rules: [{
        rulePriority: 1,
        description: "Images without a tag",
        selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 7 },
        action: { type: "expire" },
    }],
});

/** A login for whoever runs the program, valid for twelve hours. */
function credentialsOf({ options }: Scope): Extract<ImageDelivery, { method: "push" }>["credentials"] {
    if (rendering()) return undefined;
    const token = ecr.getAuthorizationTokenOutput({}, options);
    return { username: token.userName, password: pulumi.secret(token.password) };
}
