import { createHash } from "node:crypto";

import type { Outcome } from "./program";
import { asObject, type Values } from "../../values";

/** A placeholder account and region. */
const account = "000000000000";
const region = "us-east-1";

/** Types whose IDs AWS chooses, with the prefix of those IDs. */
const prefixes: Record<string, string> = {
    "ec2/vpc": "vpc",
    "ec2/subnet": "subnet",
    "ec2/securityGroup": "sg",
    "ec2/internetGateway": "igw",
    "ec2/natGateway": "nat",
    "ec2/eip": "eipalloc",
    "ec2/routeTable": "rtb",
    "ec2/launchTemplate": "lt",
    "efs/fileSystem": "fs",
};

/** What AWS would return: placeholders that are valid inputs of other resources. */
export function awsOutcome(type: string, name: string, inputs: Values): Outcome {
    const kind = type.split(":")[1];
    const arn = `arn:aws:${kind.split("/")[0]}:${region}:${account}:${name}`;
    const id = prefixes[kind] ? `${prefixes[kind]}-${hex(type, name)}` : `${name}-id`;
    return { id, outputs: { ...inputs, arn, ...outputsOf[kind]?.(name, inputs) } };
}

const outputsOf: Record<string, (name: string, inputs: Values) => Values> = {
    "iam/role": name => ({ name, arn: `arn:aws:iam::${account}:role/${name}` }),
    "kms/key": name => {
        const keyId = hex("kms/key", name, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
        return { keyId, arn: `arn:aws:kms:${region}:${account}:key/${keyId}` };
    },
    "ec2/launchTemplate": () => ({ latestVersion: 1 }),
    "ecr/repository": name => ({ repositoryUrl: `${account}.dkr.ecr.${region}.amazonaws.com/${name}` }),
    "eks/cluster": (name, inputs) => ({
        endpoint: `https://${name}.eks.invalid`,
        certificateAuthority: { data: Buffer.from(`The certificate authority of ${name}`).toString("base64") },
        vpcConfig: { ...asObject(inputs.vpcConfig), clusterSecurityGroupId: `sg-${hex("sg", name)}` },
    }),
    "eks/nodeGroup": name => ({ nodeGroupName: name }),
};

function hex(type: string, name: string, digits = 17): string {
    return createHash("sha256").update(`${type} ${name}`).digest("hex").slice(0, digits);
}
