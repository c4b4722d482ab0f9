import { describe, expect, it } from "vitest";
import { parseConfiguration } from "../../../../infra/config";
import { composeDirectory, type Service } from "../../support/compose";

const { read, told, write } = composeDirectory();

/** Services with these mounts and dependencies. */
const file = (services: Record<string, [mount: string, after: string[], more?: string]>) => `services:\n${Object.entries(services).map(([name, [mount, after, more = ""]]) =>
    `  ${name}: { image: "a/b:1", expose: ["80"], volumes: ["${mount}"], depends_on: [${after.join(", ")}]${more} }\n`).join("")}volumes: { files: }\n`;
const volumes = (services: Record<string, Service>) => Object.fromEntries(Object.entries(services).map(([name, service]) => [name, Object.values(service.volumes)[0]]));

describe("a volume of several services", () => {
    it.each(["files", "./uploads"])("belongs to the first of them, and is every other's too: %s", source => {
        const name = source.replace("./", "");
        const { services } = read(file({ web: [`${source}:/srv/files`, []], job: [`${source}:/in`, []], other: [`${source}:/out:ro`, []] }));
        expect(volumes(services)).toEqual({ web: { name, accessMode: "ReadWriteMany" }, job: { name, of: "web" }, other: { name, of: "web" } });
        expect(Object.values(services).map(({ replicas }) => replicas)).toEqual([{ min: 1, max: 1 }, { min: 1, max: 1 }, { min: 1, max: 1 }]);
    });

    it("belongs to the one that waits for none of the others, so that each can start", () => {
        expect(volumes(read(file({ web: ["files:/d", ["job"]], job: ["files:/d", ["base"]], base: ["files:/d", []] })).services))
            .toEqual({ web: { name: "files", of: "base" }, job: { name: "files", of: "base" }, base: { name: "files", accessMode: "ReadWriteMany" } });
    });

    it("is refused where they run as different users, or where one has only a part", () => {
        expect(told(file({ web: ["files:/d", [], ", user: \"33\""], job: ["files:/d", []] })).refused)
            .toEqual([expect.stringMatching(/^compose\.yaml:4: volumes\.files is used by web as user 33 and by job as user 10001: neither could change the other's files\. Let both/)]);
        expect(told(file({ web: ["./d:/d", [], ", user: \"33\""], job: ["./d:/d", [], ", user: \"33:33\""] })).refused).toEqual([]);
        expect(told(file({ web: ["./d:/d", []], job: ["./d/below:/d", []] })).refused).toEqual([expect.stringContaining("a volume can't be a part of another")]);
        expect(told(file({ web: ["./d:/d\", \"./d/below:/e", []] })).refused).toEqual([]);
    });

    it("is accepted where the settings give all of them the same user", () => {
        const text = file({ web: ["files:/d", [], ", user: \"50000:0\""], init: ["files:/d", [], ", user: \"0:0\""] });
        expect(told(text, { given: { services: { init: { uid: 50_000 } } } }).refused).toEqual([]);
        expect(told(text, { given: { services: { web: { uid: 33 } } } }).refused).toEqual([expect.stringContaining("by web as user 33 and by init as user 10001")]);
    });

    it("is what the settings accept", () => {
        const [compose] = write({ "whole/compose.yaml": file({ web: ["files:/d", []], job: ["files:/d", ["web"]] }).replace("expose", "ports") });
        const config = { "landfall:cluster": "{\"target\":\"kind\"}", "landfall:app": JSON.stringify({ type: "services", compose }) };
        expect(() => parseConfiguration({ config, secretKeys: [] }, "dev")).not.toThrow();
    });
});
