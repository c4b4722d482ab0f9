// Not the service's index, which also loads Lambda.
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup";
import * as ec2 from "@pulumi/aws/ec2";
import type { Key } from "@pulumi/aws/kms";
import * as pulumi from "@pulumi/pulumi";
import type { Scope } from "./args";
import { createRole } from "./identities";

/** Creates the log group of the control plane. If the cluster created it, logs would be kept forever. */
export function createControlPlaneLogs(scope: Scope, key: Key): LogGroup {
    return createLogGroup(scope, "control-plane", `/aws/eks/${scope.args.name}/cluster`, key);
}

/** Logs every connection in the network. */
export function createFlowLog(scope: Scope, vpc: ec2.Vpc, key: Key): void {
    const { name, options } = scope;
    const group = createLogGroup(scope, "flows", `/aws/vpc/${scope.args.name}/flows`, key);
    const role = createRole(`${name}-flows-role`, {
        service: "vpc-flow-logs.amazonaws.com",
        condition: { StringEquals: { "aws:SourceAccount": scope.args.account } },
        statements: [{
            Effect: "Allow",
            Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            Resource: pulumi.interpolate`${group.arn}:*`,
        }],
    }, scope);
    new ec2.FlowLog(`${name}-flows`, {
        vpcId: vpc.id,
        trafficType: "ALL",
        logDestination: group.arn,
        iamRoleArn: role.arn,
    }, { ...options, dependsOn: role.parts });
}

function createLogGroup(
    { name, args, defaults, options }: Scope, what: string, groupName: string, key: Key,
): LogGroup {
    return new LogGroup(`${name}-${what}-logs`, {
        name: groupName,
        retentionInDays: defaults.logRetentionDays,
        kmsKeyId: key.arn,
        deletionProtectionEnabled: args.deletionProtection,
    }, options);
}
