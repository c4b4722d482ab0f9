import { describe, expect, test } from "vitest";
import { captureEks } from "../../../support/eks";

describe("the pools of EKS", () => {
    const pools = {
        main: { machineType: "m6i.large", min: 3, max: 6 },
        arm: { machineType: "m7g.large,c7gn.large", min: 0, max: 20, spot: true, diskSize: 80, labels: { tier: "web" } },
    };

    test("are machines as they are described, in the private subnets", async () => {
        const made = await captureEks({ nodePools: pools });
        const [main, arm] = ["main", "arm"].map(pool => made.find(`cluster-pool-${pool}`));
        expect(main.inputs).toMatchObject({
            amiType: "AL2023_x86_64_STANDARD", capacityType: "ON_DEMAND", instanceTypes: ["m6i.large"],
            scalingConfig: { minSize: 3, maxSize: 6, desiredSize: 3 }, labels: { "landfall.dev/pool": "main" },
        });
        expect(arm.inputs).toMatchObject({
            amiType: "AL2023_ARM_64_STANDARD", capacityType: "SPOT", instanceTypes: ["m7g.large", "c7gn.large"],
            scalingConfig: { minSize: 0, maxSize: 20, desiredSize: 0 }, labels: { tier: "web" },
        });
        // Only pods that don't mind go where machines are taken away.
        expect([main.inputs.taints, arm.inputs.taints]).toEqual([
            [], [{ key: "landfall.dev/spot", value: "true", effect: "NO_SCHEDULE" }],
        ]);
        expect(made.cluster.capabilities.interruptible?.key).toBe("landfall.dev/spot");
        const vpc = made.ofType("aws:ec2/subnet:Subnet").filter(({ name }) => name.includes("private"));
        expect([...main.propertyDependencies.subnetIds].sort()).toEqual(vpc.map(({ urn }) => urn).sort());
    });

    test("have no taint if all are spot machines: the database has no others", async () => {
        const made = await captureEks({ nodePools: { arm: pools.arm, main: { ...pools.main, spot: true } } });
        for (const pool of ["main", "arm"]) expect(made.find(`cluster-pool-${pool}`).inputs).toMatchObject({ capacityType: "SPOT", taints: [] });
        expect(made.cluster.capabilities.interruptible).toBeUndefined();
    });

    test("have disks in no clear, and keep the machine's own credentials from its pods", async () => {
        const made = await captureEks({ nodePools: pools });
        const templates = made.ofType("aws:ec2/launchTemplate:LaunchTemplate");
        expect(templates).toHaveLength(2);
        for (const { inputs } of templates) {
            expect(inputs.metadataOptions).toMatchObject({ httpTokens: "required", httpPutResponseHopLimit: 1 });
            expect(inputs.blockDeviceMappings).toMatchObject([{ ebs: { encrypted: "true", volumeType: "gp3" } }]);
        }
        const { blockDeviceMappings } = made.find("cluster-template-arm").inputs;
        expect(blockDeviceMappings).toMatchObject([{ ebs: { volumeSize: 80 } }]);
    });

    test("are repaired, and updated in the window with a fifth of their nodes away at the most", async () => {
        const made = await captureEks({ nodePools: pools, maintenance: { day: "Tuesday", start: "03:30", hours: 6 } });
        for (const pool of Object.keys(pools)) {
            expect(made.find(`cluster-pool-${pool}`).inputs).toMatchObject({
                nodeRepairConfig: { enabled: true }, updateConfig: { maxUnavailablePercentage: 20 },
            });
            const upgrade = made.find(`cluster-upgrade-${pool}`);
            expect(upgrade.inputs).toMatchObject({
                scheduleExpression: "cron(30 3 ? * TUE *)", scheduleExpressionTimezone: "UTC",
                target: { retryPolicy: { maximumEventAgeInSeconds: 6 * 3600 } },
            });
            const { input } = upgrade.inputs.target as { input: string };
            expect(JSON.parse(input)).toEqual({ ClusterName: "landfall-test", NodegroupName: `cluster-pool-${pool}` });
        }
    });

    test("take their version from the control plane, so that they follow it", async () => {
        const made = await captureEks({ nodePools: pools });
        expect(made.find("cluster-pool-main").propertyDependencies.version)
            .toEqual([made.find("cluster-control-plane").urn]);
    });

    test("are there after what makes a node ready, and before what runs on nodes", async () => {
        const made = await captureEks({ nodePools: pools });
        const pool = made.find("cluster-pool-main");
        for (const before of ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"]) {
            expect(pool.dependsOn).toContain(made.find(`cluster-${before}`).urn);
        }
        for (const after of ["coredns", "aws-ebs-csi-driver", "aws-efs-csi-driver", "metrics-server"]) {
            expect(made.find(`cluster-${after}`).dependsOn).toContain(pool.urn);
        }
    });

    test("leave their number to the autoscaler", async () => {
        const made = await captureEks({ nodePools: pools });
        for (const { ignoreChanges } of made.ofType("aws:eks/nodeGroup:NodeGroup")) {
            expect(ignoreChanges).toEqual(["scalingConfig.desiredSize"]);
        }
    });
});
