import { asObject, type Values } from "./values";

/** An account and a region that stand for those in which the resources would be. */
const account = "000000000000";
const region = "us-east-1";

/** What AWS would say of a resource: placeholders in the form that other resources' inputs must have. */
export function awsOutputs(type: string, name: string, inputs: Values): Values {
    const [, module] = type.split(":");
    const service = module.split("/")[0];
    const own = outputsOf[module]?.(name, inputs);
    return { arn: `arn:aws:${service}:${region}:${account}:${name}`, ...own };
}

const outputsOf: Record<string, (name: string, inputs: Values) => Values> = {
    "iam/role": name => ({ name, arn: `arn:aws:iam::${account}:role/${name}` }),
    "kms/key": name => ({ keyId: name, arn: `arn:aws:kms:${region}:${account}:key/${name}` }),
    "ec2/launchTemplate": () => ({ latestVersion: 1 }),
    "ecr/repository": name => ({ repositoryUrl: `${account}.dkr.ecr.${region}.amazonaws.com/${name}` }),
    "eks/cluster": (name, inputs) => ({
        endpoint: `https://${name}.eks.invalid`,
        certificateAuthority: { data: Buffer.from(`The certificate authority of ${name}`).toString("base64") },
        vpcConfig: { ...asObject(inputs.vpcConfig), clusterSecurityGroupId: `sg-of-${name}` },
    }),
    "eks/nodeGroup": name => ({ nodeGroupName: name }),
};
