import * as fs from "node:fs";
import * as path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cameTooEarly } from "./support/events";
import { Cluster } from "./support/kubernetes";
import { address, isOurs, names } from "./support/names";
import type { Ended } from "./support/npm";
import { ask, Editor, pathOf } from "./support/site";
import { adminPassword, ensureUp, figure, home } from "./support/stack";

describe("a start on a fresh computer", () => {
    let first: Ended;

    beforeAll(async () => {
        first = await ensureUp();
        figure("first npm start", `${first.seconds} s`);
    });

    it("ends well and prints the address, which answers", async () => {
        expect(first.code).toBe(0);
        expect(first.output).toContain(`The site answers at ${address}\n`);
        const { status, text } = await ask({ path: "/" });
        expect(status).toBe(200);
        expect(text).toContain("</html>");
    });

    it("leaves no warning in the cluster of what was yet to come", async () => {
        const cluster = await Cluster.connect();
        const { metadata: begin } = await cluster.core.readNamespace({ name: names.environment });
        const end = (begin?.creationTimestamp?.getTime() ?? 0) + first.seconds * 1000; // other tests make some, too
        const warnings = (await cluster.warnings()).filter(event => isOurs(event.metadata.namespace ?? "") && cameTooEarly(event)
            && (event.metadata.creationTimestamp?.getTime() ?? 0) < end);
        expect(warnings.map(({ metadata, involvedObject: { kind, name }, reason, message }) =>
            `${metadata.namespace}: ${reason} of ${kind} ${name}: ${message}`)).toEqual([]);
    });

    it("says what it does, how long each step took and what comes next", () => {
        const steps = [...first.output.matchAll(/^\[(\d)\/(\d)\] (.+)$/gm)];
        expect(steps.length).toBeGreaterThanOrEqual(3);
        expect(steps.map(([, step]) => Number(step))).toEqual(steps.map((_, index) => index + 1));
        expect(steps.slice(0, -1).every(([, , , title]) => title.includes("(next: "))).toBe(true);
        expect(first.output.match(/^ {6}\d+ (s|min \d+ s)$/gm)).toHaveLength(steps.length);
    });

    it("keeps all that it writes in one directory, for this user only", () => {
        // Pulumi encrypts secrets by the passphrase.
        expect(fs.readdirSync(home).sort()).toEqual([names.stack, names.cluster, "passphrase"].sort());
        expect(fs.readdirSync(path.join(home, names.cluster, "volumes"))).toContain(names.environment);
        for (const name of [names.stack, names.cluster, path.join(names.stack, "admin-password"), "passphrase"]) {
            expect(fs.statSync(path.join(home, name)).mode & 0o77, name).toBe(0);
        }
    });

    it("installs the site with the configured title", async () => {
        expect((await ask({ path: "/" })).text).toMatch(/<title>Landfall/);
        const { name, home } = JSON.parse((await ask({ path: "/wp-json/" })).text) as { name: string; home: string };
        expect({ name, home }).toEqual({ name: "Landfall", home: address });
    });

    it("keeps the installer away from visitors", async () => {
        expect((await ask({ path: "/wp-admin/install.php" })).status).toBe(403);
        expect((await ask({ path: "/wp-admin/setup-config.php" })).status).toBe(403);
    });

    it("publishes what the administrator writes, and shows it to everyone", async () => {
        const editor = await Editor.logIn(adminPassword());
        const text = `Written by the end-to-end suite at ${new Date().toISOString()}`;
        const { link } = await editor.publish("A first post", text);
        expect((await ask({ path: pathOf(link) })).text).toContain(text);
    });

    it("refuses who has no password, and what has no session", async () => {
        await expect(Editor.logIn(`${adminPassword()}x`)).rejects.toThrow("The login of admin was refused");
        const body = JSON.stringify({ title: "Mallory", status: "publish" });
        const headers = { "Content-Type": "application/json" };
        expect((await ask({ method: "POST", path: "/wp-json/wp/v2/posts", headers, body })).status).toBe(401);
    });

    it("answers to its own name only", async () => {
        expect((await ask({ path: "/", headers: { Host: "other.localhost" } })).status).toBe(421);
        expect((await ask({ path: "/", headers: { Host: "other.localhost" }, insecure: true })).status).toBe(404);
    });
});
