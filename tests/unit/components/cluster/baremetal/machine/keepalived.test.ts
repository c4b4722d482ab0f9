import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keepalivedTasks } from "../../../../../../components/cluster/baremetal/machine/keepalived";

const node = (name: string, last: number) => ({ name, address: `198.18.40.${last}`, role: "control-plane" as const });

/** The lines that give a node the gateway's address. */
function linesFor(nodes: ReturnType<typeof node>[]): string[] {
    const cluster = { gatewayAddress: "198.18.40.9", gatewayNodes: nodes, controlPlanes: [] };
    const [{ script }] = keepalivedTasks(cluster, nodes[0]);
    return script.split("\n");
}

describe.skipIf(process.platform === "win32")("a virtual address", () => {
    let directory: string;
    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-addresses-"));
    });
    afterEach(() => fs.rmSync(directory, { recursive: true }));

    test("has as peers today's nodes, and until the next change those that have just been taken out", () => {
        const peers = (names: number[]) => {
            const lines = linesFor(names.map(last => node(`n${last}`, last)));
            const own = lines.slice(lines.indexOf("# NAME PEER…"), lines.findIndex(line => line.startsWith("peers gateway")) + 1).join("\n")
                .replace(/ > \/run\S+$/, "").replaceAll("/etc/landfall", directory);
            const said = execFileSync("bash", ["-euo", "pipefail", "-c", own], { encoding: "utf8" });
            return [...said.matchAll(/^ {8}198\.18\.40\.(\d+)$/gm)].map(([, last]) => Number(last));
        };
        expect(peers([11])).toEqual([]);
        expect(peers([11, 21, 22])).toEqual([21, 22]);
        expect(peers([11, 21, 22])).toEqual([21, 22]);
        expect(peers([11, 21])).toEqual([21, 22]);
        expect(peers([11, 21])).toEqual([21, 22]);
        expect(peers([11, 21, 23])).toEqual([21, 23]);
        expect(peers([11])).toEqual([21, 23]);
    });

    /** What a check answers if `curl` ends so, and what it tells the kernel. */
    function checkOf(name: string, lines: string[]) {
        const begin = lines.findIndex(line => line.startsWith(`cat > /etc/landfall/check-${name}`));
        const file = path.join(directory, "check");
        fs.writeFileSync(file, lines.slice(begin + 1, lines.indexOf("LANDFALL_END", begin)).join("\n")
            .replaceAll("/etc/kubernetes", directory).replaceAll("/run/landfall", `${directory}/run`));
        fs.writeFileSync(path.join(directory, "nft"),
            `#!/bin/sh\nif [ "$1" = -f ]; then cat; else echo "$@"; fi >> ${directory}/rules\n`, { mode: 0o755 });
        return (curl: string) => {
            fs.writeFileSync(path.join(directory, "curl"), `#!/bin/sh\n${curl}\n`, { mode: 0o755 });
            fs.writeFileSync(path.join(directory, "rules"), "");
            const { status } = spawnSync("sh", [file], { env: { ...process.env, PATH: `${directory}:${process.env.PATH}` } });
            return { status, rules: fs.readFileSync(path.join(directory, "rules"), "utf8") };
        };
    }

    const answeredLongAgo = (file: string, seconds: number) =>
        fs.utimesSync(path.join(directory, file), 0, Date.now() / 1000 - seconds);

    test("of the API is given up at once where the API server is gone, and not where it is but late", () => {
        const nodes = [node("one", 11), node("two", 12), node("three", 13)];
        const [{ script }] = keepalivedTasks({ virtualAddress: "198.18.40.8", controlPlanes: nodes }, nodes[0]);
        const check = checkOf("api", script.split("\n"));
        const said = (curl: string) => check(curl).status;

        const late = "exit 28", refused = "exit 7", unwell = "exit 22";
        expect(said(late)).toBe(28); // it has never answered
        expect(said("exit 0")).toBe(0);
        expect(said(late)).toBe(0);
        expect(said(refused)).toBe(7);
        expect(said(unwell)).toBe(22);
        answeredLongAgo("run/api-answered", 16);
        expect(said(late)).toBe(28);
        expect(said("exit 0")).toBe(0);
        fs.writeFileSync(path.join(directory, "run/api-aside"), "");
        expect(said("exit 0")).toBe(1);
    });

    test("of the gateway takes no new connections once there is no gateway, and takes them again when there is one", () => {
        fs.mkdirSync(path.join(directory, "run"));
        for (const file of ["kubelet.conf", "run/health-ports.asked"]) fs.writeFileSync(path.join(directory, file), "");
        fs.writeFileSync(path.join(directory, "run/health-ports"), "30123\n");
        const check = checkOf("gateway", linesFor([node("one", 11), node("two", 12)]));

        expect(check("printf 200")).toEqual({ status: 0, rules: "" });
        // kube-proxy may be but late, or be updated: that alone turns nobody away.
        expect(check("printf 000; exit 7")).toEqual({ status: 0, rules: "" });
        answeredLongAgo("run/health-ports.answered", 31);
        expect(check("printf 000; exit 7")).toEqual({ status: 1, rules: "" });
        const gone = check("printf 503");
        expect(gone.status).toBe(1);
        expect(gone.rules).toMatch(/hook prerouting priority raw;\s+ip daddr 198\.18\.40\.9 tcp .* == syn drop/);
        expect(check("printf 503")).toEqual({ status: 1, rules: "" });
        expect(check("printf 000; exit 7")).toEqual({ status: 1, rules: "" });
        expect(check("printf 200")).toEqual({ status: 0, rules: "delete table ip landfall\n" });
        expect(check("printf 200")).toEqual({ status: 0, rules: "" });
    });
});
