import { beforeAll, describe, expect, test } from "vitest";
import { Registered } from "../../../../../infra/cli/capture";
import { captureEks, variants } from "../../../support/eks";
import { DestroyOrder } from "../../../support/order";
import { runStack } from "../../../support/program";

const ofType = (...types: string[]) => ({ type }: Registered) => types.some(one => type.startsWith(`aws:${one}`));
const inCluster = ({ type }: Registered) => type.startsWith("kubernetes:");
const controlPlane = "cluster-control-plane";

describe.each(variants)("destroying EKS, $size with $provisioning", variant => {
    let order: DestroyOrder;
    beforeAll(async () => {
        order = new DestroyOrder((await captureEks({ ...variant, dnsZone: "Z0123456789ABC" })).resources);
    });

    test("waits for balancers and disks while nodes, controllers and access are still there", () => {
        const needed = ofType("eks/nodeGroup", "eks/addon", "eks/accessEntry", "eks/accessPolicy", "eks/podIdentity",
            "efs/mountTarget", "efs/fileSystemPolicy");
        expect(order.uncertain("cluster-provider", "cluster-teardown")).toEqual([]);
        expect(order.uncertain("cluster-teardown", needed)).toEqual([]);
    });

    test("leaves the control plane its nodes' and its own roles, its key and its logs", () => {
        expect(order.uncertain(controlPlane, /^cluster-role/)).toEqual([]);
        expect(order.uncertain(controlPlane, /^cluster-(key|control-plane-logs)$/)).toEqual([]);
        expect(order.uncertain("cluster-teardown", /^cluster-nodes-role/)).toEqual([]);
    });

    test("leaves nodes and control plane their ways out to the end", () => {
        const ways = ofType("ec2/route:", "ec2/routeTable", "ec2/natGateway", "ec2/internetGateway", "ec2/vpcEndpoint");
        expect(order.uncertain(controlPlane, ways)).toEqual([]);
        expect(order.uncertain(controlPlane, ofType("ec2/subnet", "ec2/vpc:"))).toEqual([]);
    });

    test("removes drivers and controllers before the nodes that they run on, and those before their network", () => {
        if (variant.provisioning === "auto") return;
        const nodes = ofType("eks/nodeGroup");
        const onNodes = /^cluster-(coredns|aws-ebs-csi-driver|aws-efs-csi-driver|metrics-server)$/;
        expect(order.uncertain(onNodes, nodes)).toEqual([]);
        expect(order.uncertain(nodes, /^cluster-(vpc-cni|kube-proxy|eks-pod-identity-agent)$/)).toEqual([]);
        expect(order.uncertain(nodes, controlPlane)).toEqual([]);
    });

    test("can be done", () => {
        const names = order.sequence().map(urn => urn.split("::").slice(2).join("::"));
        expect(names[names.length - 1]).toContain("pulumi:pulumi:Stack");
    });
});

test("destroying a whole stack on EKS takes all that is in the cluster before anything of AWS goes", async () => {
    const order = new DestroyOrder(await runStack("eks"));
    expect(order.choose(inCluster).length).toBeGreaterThan(50);
    expect(order.uncertain(inCluster, "cluster-teardown")).toEqual([]);
    expect(order.uncertain(inCluster, ofType("eks/"))).toEqual([]);
});
