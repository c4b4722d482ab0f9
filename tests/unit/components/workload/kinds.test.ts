import { describe, expect, it } from "vitest";
import { keptAcrossKinds } from "../../../../components/workload/kinds";

const kinds = ["WebService", "StatefulService", "Worker", "Job"].map(name => `landfall:workload:${name}`) as Parameters<typeof keptAcrossKinds>[0][];

describe.each(kinds)("a service that becomes a %s", kind => {
    it.each(kinds.filter(other => other !== kind))("keeps the objects that it has as a %s", other => {
        expect(keptAcrossKinds(kind, {}).aliases).toContainEqual({ type: other });
    });

    it("keeps what else its options say, other aliases first", () => {
        const given = { aliases: [{ name: "before" }], protect: true };
        expect(keptAcrossKinds(kind, given)).toMatchObject({ protect: true, aliases: [{ name: "before" }, ...kinds.filter(other => other !== kind).map(type => ({ type }))] });
    });
});
