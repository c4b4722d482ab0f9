import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, it, vi } from "vitest";
import { images } from "../../../../components/versions";
import { kitNodeImage } from "../../../../components/cluster/stand-ins";
import { captureAgain } from "../../support/program";

describe("a network that enforces no policies", () => {
    afterEach(() => vi.restoreAllMocks());

    async function warnings(stack: string, cluster?: object): Promise<string[]> {
        const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
        await captureAgain(stack, cluster && { cluster });
        const said = warn.mock.calls.map(([message]) => message).filter(message => /network policies/.test(message));
        warn.mockRestore();
        return said;
    }

    const existing = { target: "existing", context: "p", registry: "example.org/x", sharedStorageClass: "shared" };

    it("is warned of, and one that isn't known too", async () => {
        expect(await warnings("prod", existing)).toEqual([expect.stringMatching(/isn't known\. Without that any pod reaches any other/)]);
        expect(await warnings("prod", { ...existing, networkPolicy: "unenforced" })).toEqual([expect.stringMatching(/doesn't enforce/)]);
    });

    it("isn't warned of where policies are enforced, or someone has said so", async () => {
        expect(await warnings("prod", { ...existing, networkPolicy: "enforced" })).toEqual([]);
        for (const image of [images.kindNode, `${kitNodeImage}:1`]) expect(await warnings("dev", { target: "kind", image })).toEqual([]);
    });
});
