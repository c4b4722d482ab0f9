import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { scripts, stepsOf } from "../../../support/operations";

/** What a review reads word by word: how one machine is set up, how one joins, how one is upgraded. */
const reviewed: [string, string][] = [["install", "server-install"], ["join", "second-member"], ["upgrade", "first-upgrade"]];

describe("what a machine runs", () => {
    test.each(reviewed)("%s is, word by word, what was reviewed", async (file, name) => {
        await expect(scripts.get(name)).toMatchFileSnapshot(`golden/${file}.sh`);
    });

    test("is done in the order that was reviewed", async () => {
        const lists = [...scripts].map(([name, script]) => `${name}\n${stepsOf(script).map(step => `  ${step}\n`).join("")}`);
        await expect(lists.join("\n")).toMatchFileSnapshot("golden/steps.txt");
    });

    test("no reviewed script is left behind", () => {
        const golden = fs.readdirSync(path.join(__dirname, "golden")).filter(file => file.endsWith(".sh"));
        expect(golden.sort()).toEqual(reviewed.map(([file]) => `${file}.sh`).sort());
    });

    test.skipIf(process.platform === "win32").each([...scripts])("%s is valid bash", (_, script) => {
        const { status, stderr } = spawnSync("bash", ["-n"], { input: script, encoding: "utf8" });
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    });

    test("has no secret in it: what is minted is the shell's to fill in", () => {
        for (const [, script] of scripts) {
            expect(script).not.toMatch(/[a-z0-9]{6}\.[a-z0-9]{16}|-----BEGIN|LS0tLS1CRUdJTi/);
        }
    });

    test("changes nothing where it only asks", () => {
        const asking = [...scripts].filter(([name]) => /-(status|probe)$/.test(name)).map(([, script]) => script).join("\n");
        expect(asking).not.toMatch(/\b(rm|mv|install|apt-get|dpkg|systemctl (start|stop|restart|enable)|sysctl --load|tee)\b/);
    });
});
