import { describe, expect, it } from "vitest";
import { parseSettings, SettingsError } from "../../../../../infra/config";
import { sizes } from "../../../../../components/cluster/eks/args";
import { eksArgs, least } from "../../../support/eks";

/** The headline and what is allowed of each problem that these settings have. */
function problems(changes: object): [string, string][] {
    try {
        parseSettings({ cluster: { ...least, ...changes }, environment: { host: "www.example.com" } }, "test");
        return [];
    } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        return error.problems.map(({ key, problem, allowed }) => [`${key} ${problem}`, allowed]);
    }
}

const pool = (changes: object) => ({ nodePools: { web: { machineType: "m6i.large", ...changes } } });

describe("settings of EKS", () => {
    it("are complete with what a size decides", () => {
        for (const size of ["development", "production"] as const) {
            const { nodePools, logTypes, deletionProtection } = sizes[size];
            expect(eksArgs({ size })).toMatchObject({
                nodePools, logTypes, deletionProtection, zones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
            });
        }
        expect(eksArgs({ provisioning: "auto" }).nodePools).toEqual({});
    });

    it("say whom and what they are for", () => {
        const required = Object.keys(least).filter(key => key !== "target");
        const found = problems(Object.fromEntries(required.map(key => [key, undefined])));
        expect(found.map(([headline]) => headline).sort())
            .toEqual(required.map(key => `landfall:cluster.${key} is missing`).sort());
    });

    it.each<[string, object, RegExp, RegExp]>([
        ["pools of mixed processors", pool({ machineType: "m6i.large,m7g.large" }),
            /nodePools.web.machineType mixes machines with Arm processors and others/, /one kind of processor/],
        ["a machine type that is none", pool({ machineType: "large" }),
            /nodePools.web.machineType is not valid/, /EC2 instance type/],
        ["labels that EKS refuses", pool({ labels: { "node.kubernetes.io/role": "web" } }),
            /nodePools.web.labels.node.kubernetes.io\/role is not a valid name/, /none of Kubernetes' own/],
        ["a label of EKS's own", pool({ labels: { "eks.amazonaws.com/x": "web" } }),
            /nodePools.web.labels contain a label that EKS doesn't allow/, /not Kubernetes' or EKS's own/],
        ["empty labels", pool({ labels: { tier: "" } }),
            /nodePools.web.labels contain a label that EKS doesn't allow/, /not empty/],
        ["zones of another region", { zones: ["us-east-1a", "us-east-1b", "us-east-1c"] },
            /zones are not three zones of landfall:cluster.region/, /three different zones/],
        ["two zones", { zones: ["eu-west-1a", "eu-west-1b", "eu-west-1b"] },
            /zones are not three zones of landfall:cluster.region/, /three different zones/],
        ["someone twice", { viewers: least.admins }, /viewers names arn:.* a second time/, /once/],
        ["pools with Auto Mode", { provisioning: "auto", ...pool({}) },
            /nodePools have no effect if the cloud chooses the machines/, /or neither/],
        ["a network that no VPC can have", { network: "10.0.0.0/12" }, /network has the length 12/, /LENGTH from 16 to 18/],
        ["a session as administrator", { admins: ["arn:aws:sts::123456789012:assumed-role/Operator/jane"] },
            /admins is not valid/, /ARNs of IAM roles and users/],
        ["nobody as administrator", { admins: [] }, /admins is not valid/, /at least 1/],
        ["too many tags", { tags: Object.fromEntries(Array.from({ length: 41 }, (_, index) => [`t${index}`, "x"])) },
            /tags are too many/, /at most 40/],
        ["a region in China", { region: "cn-north-1" }, /region is not valid/, /outside China/],
    ])("do not take %s", (_, changes, headline, allowed) => {
        const found = problems(changes);
        expect(found).toHaveLength(1);
        expect(found[0][0]).toMatch(headline);
        expect(found[0][1]).toMatch(allowed);
    });
});
