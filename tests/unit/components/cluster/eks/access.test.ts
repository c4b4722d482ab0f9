import "tsx/cjs"; // createCluster loads the target by `require`
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCluster, ImageDelivery } from "../../../../../components/cluster";
import { isPrincipal } from "../../../../../components/cluster/eks/access";
import { captureCluster } from "../../../support/cluster";
import { eksArgs } from "../../../support/eks";

const operator = "arn:aws:sts::123456789012:assumed-role/Operator/jane";

interface Answers {
    identity?: { Account: string; Arn: string };
    groups?: object[];
}

let directory: string;
beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
    vi.stubEnv("LANDFALL_RENDER", undefined);
    vi.stubEnv("LANDFALL_PLACEHOLDERS", "1");
    vi.stubEnv("PATH", directory);
});
afterEach(() => {
    vi.unstubAllEnvs();
    fs.rmSync(directory, { recursive: true });
});

/** Puts an `aws` on PATH that answers so; without an identity it is logged in nowhere. */
function installAws({ identity, groups = [] }: Answers): void {
    const program = path.join(directory, "aws");
    const answers = JSON.stringify({ "get-caller-identity": identity, "describe-auto-scaling-groups": groups });
    fs.writeFileSync(program, `#!${process.execPath}
        const answer = ${answers}[process.argv[3]];
        require("fs").appendFileSync(${JSON.stringify(path.join(directory, "calls"))}, process.argv[3] + "\\n");
        if (answer === undefined) { console.error("Unable to locate credentials."); process.exit(253); }
        console.log(JSON.stringify(answer));
    `);
    fs.chmodSync(program, 0o755);
}

interface Made {
    resources: { type: string; name: string; inputs: Record<string, unknown> }[];
    images?: ImageDelivery;
}

/** Makes the cluster with an engine that knows what AWS answers to functions, and remembers what it is asked for. */
async function run(changes: object = {}, clusters: Record<string, string> = {}): Promise<Made> {
    const made: Made = { resources: [] };
    const answers: Record<string, (inputs: Record<string, string>) => object> = {
        "aws:eks/getClusters:getClusters": () => ({ names: Object.keys(clusters) }),
        "aws:eks/getCluster:getCluster": ({ name }) => ({ version: clusters[name] }),
        "aws:eks/getAddonVersion:getAddonVersion": inputs => ({ version: `v1-for-${inputs.kubernetesVersion}` }),
        "aws:ecr/getAuthorizationToken:getAuthorizationToken": () => ({ userName: "AWS", password: "for twelve hours" }),
    };
    await pulumi.runtime.setMocks({
        call: ({ token, inputs }) => answers[token](inputs as Record<string, string>),
        newResource: ({ type, name, inputs }) => {
            made.resources.push({ type, name, inputs: inputs as Record<string, unknown> });
            return { id: name, state: inputs as object };
        },
    });
    const cluster = createCluster(eksArgs(changes));
    made.images = cluster.capabilities.images;
    await new Promise<void>(resolve => cluster.provider.urn.apply(() => resolve()));
    return made;
}

const problem = (changes?: object) => run(changes).then(() => "", (error: unknown) => {
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    return (error as Error).message;
});

describe.skipIf(process.platform === "win32")("whoever makes a cluster of EKS", () => {
    test("needs the AWS CLI", async () => {
        expect(await problem())
            .toMatch(/"aws" was not found.*\nInstall version 2 of the AWS CLI: .*\nNothing was changed/);
    });

    test("has to be logged in", async () => {
        installAws({});
        expect(await problem()).toMatch(/Unable to locate credentials.\nLog in, .*aws sso login.*\nNothing was changed/);
    });

    test("has to be in the account that the settings name", async () => {
        installAws({ identity: { Account: "999999999999", Arn: "arn:aws:iam::999999999999:user/jane" } });
        expect(await problem()).toMatch(/belong to the AWS account 999999999999.*landfall:cluster.account says 123456789012/);
    });

    test("must have access to the cluster; the message says what to add", async () => {
        installAws({ identity: { Account: "123456789012", Arn: "arn:aws:sts::123456789012:assumed-role/Other/jane" } });
        expect(await problem()).toMatch(/add arn:aws:iam::123456789012:role\/Other.* to landfall:cluster.admins/);
        const sso = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jane@example.com";
        installAws({ identity: { Account: "123456789012", Arn: sso } });
        expect(await problem()).toMatch(/aws iam get-role --role-name AWSReservedSSO_Admin_0123456789abcdef/);
    });

    test("is asked for before anything is made", async () => {
        installAws({});
        const registered = vi.fn();
        await pulumi.runtime.setMocks({
            call: () => ({}),
            newResource: ({ type }) => {
                registered(type);
                return { id: "x", state: {} };
            },
        });
        expect(() => createCluster(eksArgs())).toThrow(/Unable to locate credentials/);
        await new Promise(resolve => setTimeout(resolve, 100));
        expect(registered.mock.calls.flat().filter(type => type !== "landfall:cluster:Eks")).toEqual([]);
    });

    test("is asked for nothing where the program is only rendered", async () => {
        vi.stubEnv("LANDFALL_RENDER", "1");
        installAws({});
        await run();
        expect(fs.existsSync(path.join(directory, "calls"))).toBe(false);
    });

    test("needs Pulumi itself, as the engine that stands in for it says", async () => {
        installAws({ identity: { Account: "123456789012", Arn: operator } });
        await expect(captureCluster(eksArgs())).rejects
            .toThrow(/function aws:eks\/.*, which only Pulumi's engine does$/);
    });

    test("pushes images by a login that expires, as a secret", async () => {
        installAws({ identity: { Account: "123456789012", Arn: operator } });
        const { images } = await run();
        const { credentials } = images as Extract<ImageDelivery, { method: "push" }>;
        expect(await pulumi.isSecret(credentials?.password as pulumi.Output<string>)).toBe(true);
    });
});

describe.skipIf(process.platform === "win32")("a cluster of EKS", () => {
    beforeEach(() => installAws({ identity: { Account: "123456789012", Arn: operator } }));
    const find = ({ resources }: Made, name: string) => resources.find(one => one.name === name)?.inputs;

    test("that is there goes up one version of Kubernetes, and its add-ons with it", async () => {
        const made = await run({ kubernetesVersion: "1.36" }, { "landfall-test": "1.35", "another": "1.30" });
        expect(find(made, "cluster-control-plane")).toMatchObject({ version: "1.36" });
        expect(find(made, "cluster-kube-proxy")).toMatchObject({ addonVersion: "v1-for-1.36" });
    });

    test.each(["1.33", "1.36"])("that is there stays at %s where 1.35 is wanted", async version => {
        const errors: string[] = [];
        const unhandled = (error: unknown) => errors.push(String(error));
        process.on("unhandledRejection", unhandled);
        void run({ kubernetesVersion: "1.35" }, { "landfall-test": version }).catch(unhandled);
        await vi.waitFor(() => expect(errors.join()).toMatch(/landfall:cluster.kubernetesVersion asks for 1.35/), { timeout: 60_000 });
        process.off("unhandledRejection", unhandled);
    });

    const group = (pool: string, MinSize: number, MaxSize: number, DesiredCapacity: number) => ({
        MinSize, MaxSize, DesiredCapacity, Tags: [{ Key: "eks:nodegroup-name", Value: `cluster-pool-${pool}-1a2b3c4` }],
    });

    test.each([
        ["more at the least", 4, { min: 5, max: 10 }, 5],
        ["more at the least", 7, { min: 5, max: 10 }, 7],
        ["more at the most", 7, { min: 3, max: 20 }, 7],
        ["fewer at the most", 7, { min: 3, max: 6 }, 6],
    ])("that is to have %s, and has %i nodes, keeps as many as may be", async (_, now, limits, desiredSize) => {
        installAws({ identity: { Account: "123456789012", Arn: operator }, groups: [group("main", 3, 10, now)] });
        const made = await run({ nodePools: { main: { machineType: "m6i.large", ...limits } } });
        expect(find(made, "cluster-pool-main")).toMatchObject({
            scalingConfig: { minSize: limits.min, maxSize: limits.max, desiredSize },
        });
    });
});

test.each([
    ["arn:aws:iam::123456789012:role/Operator", operator, true],
    ["arn:aws:iam::123456789012:role/team/a/Operator", operator, true],
    ["arn:aws:iam::999999999999:role/Operator", operator, false],
    ["arn:aws:iam::123456789012:role/CoOperator", operator, false],
    ["arn:aws:iam::123456789012:user/Operator", operator, false],
    ["arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:user/jane", true],
    ["arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:root", false],
])("%s is %s: %s", (principal, caller, same) => {
    expect(isPrincipal(principal, caller)).toBe(same);
});
