import { describe, expect, test } from "vitest";
import { chooseSnapshot } from "../../../../../../components/cluster/baremetal/operator/restore";
import { captureProgram, Registered } from "../../../../../../infra/cli/capture";
import { renderJson } from "../../../../../../infra/cli/render";
import { bareMetal, type BareMetal, resourcesOf } from "../../../../support/baremetal";

const snapshots = { repository: "/mnt/backup/etcd", password: "correct horse battery", environment: "AWS_SECRET_ACCESS_KEY=hidden" };

const environment = (resource?: Registered) => resource?.inputs.environment as Record<string, unknown>;
const changed = (before: Map<string, Registered>, after: Map<string, Registered>) => [...after].filter(([name, { inputs }]) =>
    JSON.stringify(inputs) !== JSON.stringify(before.get(name)?.inputs)).map(([name]) => name);

describe("snapshots of etcd", () => {
    test("are nothing where the settings name no repository", async () => {
        expect([...(await resourcesOf()).keys()].filter(name => /snapshots|recovery/.test(name))).toEqual([]);
    });

    test("come when all nodes are as they should be, and change nothing else", async () => {
        const [without, withThem] = [await resourcesOf(), await resourcesOf({ snapshots })];
        expect(withThem.get("snapshots")?.dependsOn).toEqual([withThem.get("spread")?.urn]);
        expect(changed(without, withThem)).toEqual(["snapshots"]);
        const { CLUSTER, NODES } = environment(withThem.get("snapshots"));
        expect(JSON.parse(String(CLUSTER))).toEqual({
            name: "prod", schedule: "hourly", keep: { hourly: 24, daily: 7, weekly: 4 },
        });
        expect((JSON.parse(String(NODES)) as { name: string }[]).map(({ name }) => name)).toEqual(["one", "two", "three"]);
    });

    test("get the password and the credentials as secrets, and nothing else as one", async () => {
        const { resources } = await captureProgram({
            stack: "prod", secretKeys: ["landfall:cluster"],
            config: {
                "landfall:cluster": JSON.stringify({
                    ...bareMetal, sharedDirectory: "/srv/shared", snapshots: { ...snapshots, restore: "latest" },
                }),
                "landfall:environment": '{"host":"a.example.com","tls":{"issuer":"ca"}}',
            },
        });
        const rendered = renderJson(resources);
        expect(rendered).not.toMatch(/correct horse|hidden/);
        const told = (JSON.parse(rendered) as { name: string; inputs: { environment?: Record<string, string> } }[])
            .filter(({ inputs }) => inputs.environment?.SNAPSHOTS !== undefined);
        expect(told.map(({ name, inputs }) => [name, inputs.environment?.SNAPSHOTS])).toEqual([
            ["cluster-recovery", "[secret]"], ["cluster-snapshots", "[secret]"],
        ]);
    });
});

describe("a restore", () => {
    const restore = { ...snapshots, restore: "latest" };

    test("comes before the first node and all others, when the first machine is ready", async () => {
        const all = await resourcesOf({ snapshots: restore });
        expect(all.get("recovery")?.dependsOn).toEqual([all.get("one-machine")?.urn]);
        for (const name of ["one", "two", "three", "web"]) {
            expect(all.get(`${name}-member`)?.dependsOn).toContain(all.get("recovery")?.urn);
        }
    });

    test("touches no node by being asked for, and takes over the objects that it brings back", async () => {
        const [before, after] = [await resourcesOf({ snapshots }), await resourcesOf({ snapshots: restore })];
        expect(changed(before, after)).toEqual(["recovery", "provider"]);
        expect(after.get("provider")?.inputs.upsertExistingObjects).toBe("true");
        expect(after.get("provider")?.inputs.clusterIdentifier).toEqual(before.get("provider")?.inputs.clusterIdentifier);
    });

    test("happens once: nothing but another snapshot, or another cluster, makes it happen again", async () => {
        const triggers = async (given: BareMetal["snapshots"], more?: Partial<BareMetal>) =>
            (await resourcesOf({ ...more, snapshots: given })).get("recovery")?.inputs.triggers;
        const once = await triggers(restore);
        const { web: _, ...fewer } = bareMetal.nodes;
        expect(await triggers({ ...restore, password: "another password" }, { nodes: fewer, kubernetesVersion: "v1.37.0" })).toEqual(once);
        expect(await triggers({ ...restore, restore: "0123abcd" })).not.toEqual(once);
        expect((await resourcesOf({ snapshots: restore })).get("recovery")?.inputs.addPreviousOutputInEnv).toBe(true);
    });
});

describe("the snapshot that is meant", () => {
    const listed = JSON.stringify([
        { id: "bbbb2222".repeat(8), time: "2026-11-25T10:00:00.5+01:00", hostname: "prod" },
        { id: "aaaa1111".repeat(8), time: "2026-11-25T09:30:00Z", hostname: "prod" },
        { id: "cccc3333".repeat(8), time: "2026-11-26T09:30:00Z", hostname: "staging" },
    ]);

    test("is this cluster's latest, whatever the zones of the times", () => {
        expect(chooseSnapshot(listed, { name: "prod", restore: "latest" }).id).toMatch(/^aaaa1111/);
    });

    test("is the one with the ID, also of another cluster", () => {
        expect(chooseSnapshot(listed, { name: "prod", restore: "cccc3333" }).hostname).toBe("staging");
    });

    test("is told from what there is, where there is none such", () => {
        expect(() => chooseSnapshot(listed, { name: "prod", restore: "dddd4444" })).toThrow(
            /has no snapshot dddd4444\. Nothing was changed\. There are:\n {2}bbbb2222 .*\n {2}aaaa1111 .*\n {2}cccc3333 {2}2026-11-26T09:30:00 {2}staging/);
        for (const none of ["[]", "null", ""]) {
            expect(() => chooseSnapshot(none, { name: "prod", restore: "latest" })).toThrow(/no snapshot of prod.*none at all/);
        }
    });
});
