import * as kms from "@pulumi/aws/kms";
import * as pulumi from "@pulumi/pulumi";
import type { Scope } from "./args";
import { policyDocument } from "./identities";

/**
 * Creates the key that encrypts everything that the cluster stores: Secrets, disks, shared files, images and logs.
 * Retained data can't be read without it, so it is retained too.
 */
export function createKey(scope: Scope): kms.Key {
    const { name, args, retained, options } = scope;
    const key = new kms.Key(`${name}-key`, {
        description: `Secrets, disks, files, images and logs of the cluster ${args.name}`,
        enableKeyRotation: true,
        deletionWindowInDays: 30,
        policy: keyPolicy(scope),
    }, { ...options, protect: args.deletionProtection, retainOnDelete: retained });
    new kms.Alias(`${name}-key-alias`, { name: `alias/landfall/${args.name}`, targetKeyId: key.keyId }, options);
    return key;
}

function keyPolicy({ partition, args: { account, region } }: Scope): pulumi.Output<string> {
    return policyDocument([
        {
            Sid: "IamPolicies",
            Effect: "Allow",
            Principal: { AWS: `arn:${partition}:iam::${account}:root` },
            Action: ["kms:*"],
            Resource: "*",
        },
        {
            // The same as in AWS's own key for disks. Naming EC2 Auto Scaling's roles instead would fail in an account
            // that doesn't have them yet.
            Sid: "DisksOfThisAccount",
            Effect: "Allow",
            Principal: { AWS: "*" },
            Action: [
                "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant",
                "kms:DescribeKey",
            ],
            Resource: "*",
            Condition: {
                StringEquals: { "kms:CallerAccount": account, "kms:ViaService": `ec2.${region}.amazonaws.com` },
            },
        },
        {
            Sid: "LogsOfThisAccount",
            Effect: "Allow",
            Principal: { Service: `logs.${region}.amazonaws.com` },
            Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            Resource: "*",
            Condition: {
                ArnLike: {
                    "kms:EncryptionContext:aws:logs:arn": `arn:${partition}:logs:${region}:${account}:log-group:*`,
                },
            },
        },
    ]);
}
