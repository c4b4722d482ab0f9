import { describe, expect, it } from "vitest";
import { parseSettings } from "../../../infra/config";
import { withPromotion } from "../../../infra/cli/promote/place";
import { captureAgain, type Container, pods } from "../support/program";

const [web, database] = ["a", "b"].map(letter => `sha256:${letter.repeat(64)}`);
const promotion = { images: { web, database }, bundle: `sha256:${"c".repeat(64)}`, commit: "d".repeat(40), from: "dev" };
async function running(stack: string, changes: Parameters<typeof captureAgain>[1]) {
    const { resources, outputs } = await captureAgain(stack, changes);
    const containers = pods(resources).flatMap(({ spec }) => [...spec.initContainers ?? [], ...spec.containers] as Container[]);
    const own = containers.map(({ image }) => image).filter(image => /landfall\.local|\/landfall[/:]|wordpress|registry\.example\.com/.test(image));
    return { images: [...new Set(own)].sort(), resources, outputs };
}

describe("a promoted stack", () => {
    it("runs this content in all pods, loads it into the nodes, and builds nothing", async () => {
        const { images, resources, outputs } = await running("dev", { promotion });
        expect(images).toEqual([`landfall.local/database:sha256-${"b".repeat(64)}`, `landfall.local/web:sha256-${"a".repeat(64)}`]);
        expect(resources.filter(({ type }) => type.startsWith("docker:"))).toEqual([]);
        const loaded = resources.filter(({ name }) => name.endsWith("-load")).map(({ inputs }) => (inputs.environment as Record<string, string>).IMAGE);
        expect(loaded.sort()).toEqual(images);
        expect(outputs.promotion).toEqual(promotion);
    });

    it("gets its content from a registry by digest where nodes pull", async () => {
        const { resources } = await running("eks", { promotion });
        const pushed = resources.filter(({ name }) => name.endsWith("-push")).map(({ inputs }) => inputs.environment as Record<string, string>);
        expect(pushed.map(({ SOURCE, BUILD }) => [SOURCE, BUILD]).sort()).toEqual(
            [[`landfall.local/database:sha256-${"b".repeat(64)}`, undefined], [`landfall.local/web:sha256-${"a".repeat(64)}`, undefined]]);
        for (const { IMAGE } of pushed) expect(IMAGE).toMatch(/sha256-[0-9a-f]{64}$/);
    });

    it("runs the images that it had before as they are named, when it goes back", async () => {
        const before = { web: "landfall.local/web:2026-11-29-63819a312c80", database: `registry.example.com/database:1@${database}` };
        const { images, resources } = await running("dev", { promotion: { images: before } });
        expect(images).toEqual(Object.values(before).sort());
        expect(resources.filter(({ name }) => /-(load|push|image)$/.test(name))).toEqual([]);
    });

    it("builds its own images again if the promotion is empty", async () => {
        const { images, outputs } = await running("dev", { promotion: {} });
        for (const image of images) expect(image).toMatch(/^landfall\.local\/\w+:\d{4}-\d\d-\d\d-/);
        expect(outputs.promotion).toBeUndefined();
    });

    it.each([{ images: { web: "latest" } }, { images: { web: "sha256:abc" } }, { images: {}, commit: "main" }])("refuses %j", given => {
        expect(() => parseSettings({ cluster: { target: "kind" }, promotion: given }, "dev")).toThrow(/landfall:promotion/);
    });
});

describe("a stack's configuration with a promotion", () => {
    it("keeps everything else as it is, and replaces an earlier promotion", () => {
        const before = "encryptionsalt: v1:abc\nconfig:\n  landfall:cluster: { target: kind, nodes: 2 } # two\n  landfall:app:\n    images: { date: \"2026-11-29\" }\n";
        const text = withPromotion(withPromotion(before, { images: { web: database } }), promotion);
        expect(text).toContain("encryptionsalt: v1:abc");
        expect(text).toContain("landfall:cluster: { target: kind, nodes: 2 } # two");
        expect(text).toContain('date: "2026-11-29"');
        expect(text.match(/landfall:promotion/g)).toHaveLength(1);
        expect(text).toContain(`web: ${web}`);
        expect(text).not.toContain(`web: ${database}`);
    });
});
