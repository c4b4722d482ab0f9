import { expect, it } from "vitest";
import { referencesTo } from "../../../../../components/cluster/scripts/images";

const line = (name: string, digest: string): string => `${name.padEnd(40)}application/vnd.oci.image.manifest.v1+json sha256:${digest} 10.0 MiB linux/amd64 -`;
const listed = [
    "REF TYPE DIGEST SIZE PLATFORMS LABELS", line("docker.io/library/php:8", "aaa"), line("landfall.local/one_web:1", "bbb"), line("landfall.local/web:1", "ccc"),
    line("landfall.local/two_web:1", "ccc"), line("landfall.local/two_web:2", "ddd"), line("landfall.local/two_web-2:1", "eee"),
    line("sha256:b1", "bbb"), line("import-2026-11-29@sha256:bbb", "bbb"), line("sha256:c1", "ccc"), line("sha256:d1", "ddd"), "",
].join("\n");

it.each([
    ["with the names that containerd gave it", "landfall.local/one_web", ["landfall.local/one_web:1", "sha256:b1", "import-2026-11-29@sha256:bbb"]],
    ["with all its versions, but without those names while another's image is the same", "landfall.local/two_web", ["landfall.local/two_web:1", "landfall.local/two_web:2", "sha256:d1"]],
    ["only if it is there", "landfall.local/three_web", []],
])("a repository's image goes %s", (_, repository, found) => expect(referencesTo(repository, listed)).toEqual(found));

it("nothing goes from a node without images", () => expect(referencesTo("landfall.local/web", "REF TYPE DIGEST SIZE PLATFORMS LABELS\n")).toEqual([]));
