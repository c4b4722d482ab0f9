import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Readable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { identityIn } from "../../../../../infra/cli/promote/archive";
import { bundledImages, deployedImages, runningImages, strangers } from "../../../../../infra/cli/promote/images";
import type { Fields } from "../../../../../infra/cli/status/fields";
import { existingImage } from "../../../../../components/workload/image-names";
import { container, pod } from "../../../fixtures/stack-objects";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const reference = "landfall.local/web:2026-11-29-63819a312c80";
const runs = (name: string, image: string, id: string) => pod(name, "web", {
    spec: { containers: [{ name: "web", image }] }, status: { containerStatuses: [container("web", { image, imageID: id })] },
});

const running = (...pods: Fields[]) => runningImages({ pods, jobs: [] }, "development", ["web"], "dev");

describe("what a stack runs", () => {
    it.each([
        ["a loaded image", `docker.io/library/import-2026-11-29@${digest("b")}`], ["its configuration alone", digest("b")], ["Docker's prefix", `docker://${digest("b")}`],
    ])("is known by the digest that nodes report: %s", (_, id) => {
        expect(running(runs("a", reference, id), runs("b", reference, id))).toEqual({ web: { reference, digest: digest("b") } });
    });

    it.each([
        ["no pod runs", [], /web in the stack "dev" runs no pod/],
        ["nodes have different content under the same tag", [runs("a", reference, digest("a")), runs("b", reference, digest("b"))], /runs 2 versions/],
        ["an update is on its way", [runs("a", reference, digest("a")), runs("b", `${reference}x`, digest("a"))], /runs 2 versions/],
        ["a pod hasn't started", [runs("a", reference, digest("a")), runs("b", reference, "")], /whose image isn't known yet/],
    ])("isn't known if %s", (_, pods, message) => expect(() => running(...pods)).toThrow(message));

    it("leaves out what is being replaced, and pods of tasks", () => {
        const going = { ...runs("b", "old:1", digest("a")), metadata: { ...runs("b", "", "").metadata as object, deletionTimestamp: "2026-11-29T12:00:00Z" } };
        expect(running(runs("a", reference, digest("b")), going).web.digest).toBe(digest("b"));
    });
});

describe("what a stack's job ran", () => {
    const ran = (name: string, job: string, phase: string, id = digest("b")) => {
        const { metadata, ...others } = runs(name, reference, id) as { metadata: object; status: object };
        return { ...others, metadata: { ...metadata, ownerReferences: [{ kind: "Job", name: job }] }, status: { ...others.status, phase } };
    };

    it("is known from the pod that succeeded, whatever failed before", () => {
        expect(running(ran("a", "web", "Failed", digest("c")), ran("b", "web", "Succeeded"))).toEqual({ web: { reference, digest: digest("b") } });
    });

    it.each([["failed", ran("a", "web", "Failed")], ["is a scheduled task's run", ran("a", "web-29381", "Succeeded")], ["still runs", ran("a", "web", "Running")]])("isn't known from one that %s", (_, found) => {
        expect(() => running(found)).toThrow(/web in the stack "dev" runs no pod/);
    });

    describe("whose pod went with its node", () => {
        const job = (image: string, type = "Complete") => ({
            metadata: { name: "web", namespace: "development" }, spec: { template: { spec: { containers: [{ name: "web", image }] } } },
            status: { conditions: [{ type, status: "True" }] },
        });
        const other = (name: string, image: string, id: string) => pod(name, "shop", {
            spec: { containers: [{ name: "shop", image }] }, status: { containerStatuses: [container("shop", { image, imageID: id })] },
        });
        const ended = (job: Fields, ...pods: Fields[]) => runningImages({ pods, jobs: [job] }, "development", ["web"], "dev").web;
        const shop = "ghcr.io/example/shop:1.2";

        it("is what its image names by digest, or what other pods run under its name", () => {
            for (const pinned of [`registry.example.com/web:1@${digest("e")}`, existingImage("web", digest("e"))]) expect(ended(job(pinned))).toEqual({ reference: pinned, digest: digest("e") });
            expect(ended(job(shop), other("a", shop, digest("b")), other("b", shop, digest("b")), other("c", `${shop}.1`, digest("c")))).toEqual({ reference: shop, digest: digest("b") });
        });

        it.each([
            ["nothing else runs that name", []], ["others run different content under it", [other("a", shop, digest("b")), other("b", shop, digest("c"))]],
            ["another hasn't started", [other("a", shop, "")]],
        ])("isn't known if %s", (_, pods) => {
            expect(ended(job(shop), ...pods)).toEqual({ reference: shop, digest: "" });
        });

        it.each([[shop, ["web"], /name ghcr\.io\/example\/shop:1\.2\.\nName the image of web by its digest/], [reference, [], /\nChange something of web in the settings/]])(
            "can't be promoted then, and says how to know it: %s", async (reference, named, message) => {
                await expect(bundledImages({ web: { reference, digest: "" } }, named, "dev", async () => undefined)).rejects.toThrow(message);
            },
        );

        it("isn't known if it failed", () => expect(() => ended(job(`${shop}@${digest("e")}`, "Failed"))).toThrow(/runs no pod/));
    });
});

describe("a bundle's image", () => {
    const identity = { content: digest("c"), manifests: [digest("b")] };
    const bundled = (running: { reference: string; digest: string }, found: typeof identity | undefined = identity, named: string[] = []) =>
        bundledImages({ web: running }, named, "dev", async () => found);

    it("is its content, whether nodes name that or the manifest it came with", async () => {
        for (const known of ["b", "c"]) expect(await bundled({ reference, digest: digest(known) })).toEqual({ web: digest("c") });
    });

    it("is its content too if it was pulled from the stack's own registry", async () => {
        expect(await bundled({ reference: `registry.example.com/web:1@${digest("e")}`, digest: digest("e") })).toEqual({ web: digest("c") });
    });

    it("is the reference by digest if the settings name it by a tag, which may move", async () => {
        for (const given of ["registry.example.com:5000/shop:1.2", `registry.example.com:5000/shop:1.2@${digest("d")}`]) {
            expect(await bundled({ reference: given, digest: digest("d") }, undefined, ["web"])).toEqual({ web: `registry.example.com:5000/shop@${digest("d")}` });
        }
    });

    it("isn't what this computer has under the same name with other content, or doesn't have", async () => {
        await expect(bundled({ reference, digest: digest("f") })).rejects.toThrow(/Docker has other content under that name \(cccccccccccc\).*npm start -- --stack dev.*Nothing was changed/s);
        await expect(bundledImages({ web: { reference, digest: digest("f") } }, [], "dev", async () => undefined)).rejects.toThrow(/Docker doesn't have it/);
    });
});

describe("the target deploys", () => {
    const tagged = `landfall.local/web:sha256-${"c".repeat(64)}`;
    const deployed = (target: { reference: string; digest: string }) => deployedImages({ web: digest("c") }, { web: { reference, digest: digest("b") } }, { web: target }).web;

    it("the content, or what it runs already if that is the same: a new name would restart the database", () => {
        expect(deployed({ reference, digest: digest("a") })).toBe(digest("c"));
        expect(deployed({ reference, digest: digest("b") })).toBe(reference);
        expect(deployed({ reference, digest: digest("c") })).toBe(reference);
        expect(deployed({ reference: tagged, digest: digest("b") })).toBe(digest("c"));
        expect(deployed({ reference: `registry.example.com/web:1@${digest("b")}`, digest: digest("b") })).toBe(digest("c"));
    });
});

describe("after a promotion", () => {
    const content = digest("c");
    const tagged = `landfall.local/web:sha256-${"c".repeat(64)}`;
    const wrong = (running: { reference: string; digest: string }, wanted = content) =>
        strangers({ web: running }, { web: wanted }, async () => ({ content, manifests: [digest("b")] }));

    it("nodes run the content, the manifest it was loaded with, or the registry's for it", async () => {
        for (const found of [{ reference: tagged, digest: content }, { reference: tagged, digest: digest("b") },
            { reference: `registry.example.com/web:sha256-${"c".repeat(64)}@${digest("e")}`, digest: digest("e") }]) expect(await wrong(found)).toEqual([]);
        expect(await wrong({ reference: "shop@x", digest: digest("d") }, `shop@${digest("d")}`)).toEqual([]);
        expect(await wrong({ reference, digest: digest("b") }, reference)).toEqual([]);
    });

    it("anything else is reported", async () => {
        expect(await wrong({ reference: tagged, digest: digest("f") })).toEqual([expect.stringMatching(/^web runs .* instead of the content/)]);
        expect(await wrong({ reference: "shop@x", digest: digest("f") }, `shop@${digest("d")}`)).toHaveLength(1);
    });
});

describe("an archive of Docker", () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-archive-"));
    afterAll(() => fs.rmSync(directory, { recursive: true }));
    function archive(files: Record<string, string | Buffer>): Buffer {
        const place = fs.mkdtempSync(path.join(directory, "a-"));
        for (const [name, content] of Object.entries(files)) {
            fs.mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
            const [, target] = /^-> (.*)/.exec(String(content)) ?? [];
            if (target) fs.symlinkSync(target, path.join(place, name));
            else fs.writeFileSync(path.join(place, name), content);
        }
        return execFileSync("tar", ["--create", "--file", "-", "--directory", place, ...Object.keys(files)], { maxBuffer: 64 << 20 });
    }
    const config = createHash("sha256").update("config").digest("hex");
    const layer = Buffer.alloc(3_000_001, 7);
    /** In pieces of this size. */
    const pieces = (content: Buffer, size: number) => Readable.from((function* () {
        for (let place = 0; place < content.length; place += size) yield content.subarray(place, place + size);
    })());

    it.each([1 << 16, 1000, 513])("says what the image is, in pieces of %i bytes", async size => {
        const content = archive({
            "blobs/sha256/layer": layer, "manifest.json": JSON.stringify([{ Config: `blobs/sha256/${config}`, RepoTags: ["a:1"] }]),
            "index.json": JSON.stringify({ manifests: [{ digest: digest("b") }, { digest: digest("b") }] }),
        });
        expect(await identityIn(pieces(content, size))).toEqual({ content: `sha256:${config}`, manifests: [digest("b")] });
    });

    it("of an older Docker gets the manifest that containerd writes for it, whose layers may be links", async () => {
        const settings = JSON.stringify({ rootfs: { diff_ids: [digest("1"), digest("2"), digest("1")] } });
        const content = archive({
            [`${config}.json`]: settings, "x/layer.tar": layer, "y/layer.tar": Buffer.alloc(7), "z/layer.tar": "-> ../x/layer.tar",
            "manifest.json": JSON.stringify([{ Config: `${config}.json`, Layers: ["x/layer.tar", "y/layer.tar", "z/layer.tar"] }]),
        });
        const described = (letter: string, size: number) => `{"mediaType":"application/vnd.docker.image.rootfs.diff.tar","digest":"${digest(letter)}","size":${size}}`;
        const manifest = `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":`
            + `"application/vnd.docker.container.image.v1+json","digest":"sha256:${config}","size":${settings.length}},`
            + `"layers":[${described("1", layer.length)},${described("2", 7)},${described("1", layer.length)}]}`;
        const written = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
        expect(await identityIn(pieces(content, 4096))).toEqual({ content: `sha256:${config}`, manifests: [written] });
    });

    it("that is something else is refused", async () => {
        await expect(identityIn(pieces(archive({ "a.txt": "a" }), 512))).rejects.toThrow(/isn't an archive of an image/);
    });
});
