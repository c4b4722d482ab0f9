import { expect, it } from "vitest";
import { main } from "../../../../../infra/cli/branch";

it.each([
    ["down --dry-run --yes x", /--dry-run is an option of gc, not of down\. Nothing was changed/],
    ["up --dry-run x", /--dry-run is an option of gc, not of up/],
    ["down --unused 3 x", /--unused is an option of gc, not of down/],
    ["gc --seed dir", /--seed is an option of up, not of gc/],
    ["list --dry-run", /--dry-run is an option of gc, not of list/],
])("refuses an option that the action doesn't know, rather than act without it: %s", async (line, message) => {
    await expect(main([...line.split(" "), "--template", "Pulumi.none.yaml"])).rejects.toThrow(message);
});
