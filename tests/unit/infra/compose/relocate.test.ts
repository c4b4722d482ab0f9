import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { listOf, objectOf, parseNodes, textOf } from "../../../../infra/compose/node";
import { relocated } from "../../../../infra/compose/relocate";

/** The first mount, env file and build of a service, as they read in another directory. */
function moved(paths: { mount: string; envFile?: string; build?: string }, from: string, to: string, system = path.win32): (string | undefined)[] {
    const { mount, envFile = "a.env", build = "." } = paths;
    const text = JSON.stringify({ services: { web: { volumes: [mount], env_file: envFile, build } } });
    const web = objectOf(objectOf(relocated(objectOf(parseNodes(text, "f", {}).root)!, from, to, system).services)!.web)!;
    return [textOf(listOf(web.volumes)![0]), textOf(web.env_file), textOf(web.build)];
}

describe("the paths of an included file, on Windows", () => {
    it("have slashes, and lead to the same place from the other directory", () => {
        expect(moved({ mount: ".\\keys:/data:ro", envFile: "..\\job.env", build: "image" }, "C:\\shop\\parts", "C:\\shop")).toEqual(["./parts/keys:/data:ro", "./job.env", "./parts/image"]);
        expect(moved({ mount: "../keys:/data" }, "c:\\Shop\\parts", "C:\\shop\\app")[0]).toBe("../keys:/data");
    });

    it("are whole where they lead to another drive, which no relative path does", () => {
        expect(moved({ mount: "./keys:/data", envFile: "job.env" }, "D:\\parts", "C:\\shop")).toEqual(["D:/parts/keys:/data", "D:/parts/job.env", "D:/parts"]);
    });

    it("stay as they are if they are whole already", () => {
        expect(moved({ mount: "E:\\x:/data", envFile: "\\\\host\\share\\a.env", build: "https://example.com/a.git" }, "D:\\parts", "C:\\shop"))
            .toEqual(["E:\\x:/data", "\\\\host\\share\\a.env", "https://example.com/a.git"]);
        expect(moved({ mount: "~/x:/data", envFile: "/etc/a.env" }, "/srv/parts", "/srv", path.posix).slice(0, 2)).toEqual(["~/x:/data", "/etc/a.env"]);
    });
});
