import { expect, it } from "vitest";
import { referencesTo } from "../../../../../components/cluster/scripts/images";

const line = (name: string, digest: string): string => `${name.padEnd(40)}application/vnd.oci.image.manifest.v1+json sha256:${digest} 10.0 MiB linux/amd64 -`;
const listed = [
    "REF TYPE DIGEST SIZE PLATFORMS LABELS", line("docker.io/library/php:8", "aaa"), line("landfall.local/web:1", "bbb"), line("landfall.local/web:2", "ccc"),
    line("landfall.local/web:same", "ccc"), line("sha256:b1", "bbb"), line("import-2026-11-29@sha256:bbb", "bbb"), line("sha256:c1", "ccc"), "",
].join("\n");

it.each([
    ["with the name that containerd gave it", ["landfall.local/web:1"], ["landfall.local/web:1", "sha256:b1", "import-2026-11-29@sha256:bbb"]],
    ["without that while another image is the same", ["landfall.local/web:2"], ["landfall.local/web:2"]],
    ["with it if both go", ["landfall.local/web:2", "landfall.local/web:same"], ["landfall.local/web:2", "landfall.local/web:same", "sha256:c1"]],
    ["only if it is there", ["landfall.local/web:3", "landfall.local/web"], []],
])("an image goes %s", (_, images, found) => expect(referencesTo(images, listed)).toEqual(found));

it("nothing goes from a node without images", () => expect(referencesTo(["landfall.local/web:1"], "REF TYPE DIGEST SIZE PLATFORMS LABELS\n")).toEqual([]));
