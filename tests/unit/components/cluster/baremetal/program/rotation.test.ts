import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encryptionConfig, type Key } from "../../../../../../components/cluster/encryption";
import { keyName, parseKeys, phases } from "../../../../../../components/cluster/baremetal/operator/rotate";
import type { Registered } from "../../../../../../infra/cli/capture";
import { type BareMetal, resourcesOf } from "../../../../support/baremetal";

const environment = (resource?: Registered) => resource?.inputs.environment as Record<string, string>;

describe("a rotation", () => {
    test("is nothing where the settings name none", async () => {
        const [without, empty] = [await resourcesOf(), await resourcesOf({ rotate: {} })];
        expect([...without.keys()].filter(name => /certificates|encryption/.test(name))).toEqual([]);
        expect([...empty].map(([name, { inputs }]) => [name, inputs])).toEqual([...without].map(([name, { inputs }]) => [name, inputs]));
    });

    test("comes after the last upgrade and before the kubeconfig, certificates first", async () => {
        const all = await resourcesOf({ rotate: { certificates: "2026-11", encryptionKey: "2026-11" } });
        const after = (name: string, other: string) =>
            expect(all.get(name)?.dependsOn, `${name} after ${other}`).toContain(all.get(other)?.urn);
        after("certificates", "web-version");
        after("encryption-key", "certificates");
        after("spread", "encryption-key");
        after("kubeconfig", "spread");
        for (const name of ["certificates", "encryption-key"]) {
            expect(all.get(name)?.deletedWith).toBe(all.get("machines")?.urn);
        }
    });

    test("is asked for by another text, and changes nothing but what is rotated", async () => {
        const changed = async (next: BareMetal["rotate"]) => {
            const [before, after] = [await resourcesOf({ rotate: { certificates: "a", encryptionKey: "a" } }), await resourcesOf({ rotate: next })];
            return [...before].filter(([name, { inputs }]) =>
                JSON.stringify(inputs) !== JSON.stringify(after.get(name)?.inputs)).map(([name]) => name);
        };
        expect(await changed({ certificates: "b", encryptionKey: "a" })).toEqual(["certificates", "kubeconfig"]);
        expect(await changed({ certificates: "a", encryptionKey: "b" })).toEqual(["encryption-key"]);
    });

    test("is updated in place: neither the kubeconfig nor the provider is replaced", async () => {
        const [before, after] = [await resourcesOf({ rotate: { certificates: "a" } }), await resourcesOf({ rotate: { certificates: "b" } })];
        for (const name of ["certificates", "kubeconfig"]) {
            expect(after.get(name)?.inputs.triggers).toEqual(before.get(name)?.inputs.triggers);
        }
        const identifier = (all: typeof before) => all.get("provider")?.inputs.clusterIdentifier;
        expect(identifier(after)).toEqual(identifier(before));
    });

    test("sees only the nodes of the control plane, and gets no secret", async () => {
        const all = await resourcesOf({ rotate: { certificates: "2026-11", encryptionKey: "2026-11" } });
        for (const name of ["certificates", "encryption-key"]) {
            const { CLUSTER, NODES, SSH, ...more } = environment(all.get(name));
            expect((JSON.parse(NODES) as { name: string }[]).map(node => node.name)).toEqual(["one", "two", "three"]);
            expect(JSON.parse(CLUSTER)).toEqual({ rotates: name, rotation: "2026-11", virtualAddress: "198.18.40.100" });
            expect([typeof SSH, more]).toEqual(["string", {}]);
            expect(all.get(name)?.additionalSecretOutputs).toEqual(["stdout", "stderr"]);
        }
    });
});

describe("an encryption key", () => {
    const first: Key = { name: "key1", secret: "one" };

    test("is read from a file of this project, and from no other", () => {
        const text = JSON.stringify(encryptionConfig([first]));
        expect(parseKeys(text)).toEqual([first]);
        for (const other of ["", "{}", text.replace("secretbox", "aescbc"), text.replace('"secrets"', '"secrets","configmaps"')]) {
            expect(parseKeys(other)).toBeUndefined();
        }
    });

    test("never has the name of the one that a cluster begins with", () => {
        fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/), text => {
            expect(keyName(text)).not.toBe(first.name);
            expect(keyName(text)).not.toContain(":");
        }));
    });

    /** A control plane: each node's keys, those that its API server uses, and the keys that secrets are encrypted with. */
    class ControlPlane {
        readonly files: Key[][];
        readonly loaded: Key[][];
        readonly secrets: string[];

        constructor(size: number, secrets: number) {
            this.files = Array.from({ length: size }, () => [first]);
            this.loaded = [...this.files];
            this.secrets = Array.from({ length: secrets }, () => first.name);
        }

        /** Every API server can read all secrets, and those that any other may write. */
        check(): void {
            const needed = [...this.secrets, ...this.loaded.map(keys => keys[0].name)];
            for (const keys of this.loaded) expect(keys.map(({ name }) => name)).toEqual(expect.arrayContaining(needed));
        }

        /** Like rotate.ts, for `steps` steps only. */
        rotate(text: string, made: string, steps: number): boolean {
            const name = keyName(text);
            const key = this.files.flat().find(other => other.name === name) ?? { name, secret: made };
            const { known, first: preferred, alone } = phases(key);
            const node = (phase: (keys: Key[]) => Key[], index: number) => [
                () => { this.files[index] = phase(this.files[index]); },
                () => { this.loaded[index] = this.files[index]; },
            ];
            const nodes = (phase: (keys: Key[]) => Key[]) => this.files.flatMap((_, index) => node(phase, index));
            const rewritten = this.secrets.map((_, index) => () => { this.secrets[index] = this.loaded[0][0].name; });
            const all = [...nodes(known), ...nodes(preferred), ...rewritten, ...nodes(alone)];
            for (const step of all.slice(0, steps)) {
                step();
                this.check();
            }
            return steps >= all.length;
        }
    }

    test("is replaced without a secret that can't be read, wherever it is interrupted, also by another rotation", () => {
        const runs = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat(40)), { maxLength: 6 });
        fc.assert(fc.property(fc.constantFrom(1, 3, 5), fc.nat(6), runs, (size, secrets, interrupted) => {
            const plane = new ControlPlane(size, secrets);
            interrupted.forEach(([text, steps], index) => plane.rotate(text, `made ${index}`, steps));
            expect(plane.rotate("last", "made last", Infinity)).toBe(true);
            expect(plane.files).toEqual(Array(size).fill([{ name: "key-last", secret: "made last" }]));
            expect(plane.loaded).toEqual(plane.files);
            expect(plane.secrets.every(name => name === "key-last")).toBe(true);
        }), { numRuns: 300 });
    });

    test("is the same after a second run, which makes no other", () => {
        const plane = new ControlPlane(3, 4);
        plane.rotate("a", "made", Infinity);
        const files = JSON.stringify(plane.files);
        plane.rotate("a", "made again", Infinity);
        expect(JSON.stringify(plane.files)).toBe(files);
    });
});
