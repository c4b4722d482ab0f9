import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { execKubeconfig, type LoginCheck, requireLogin } from "../../../../../components/cluster/cloud/access";
import { parseKubeconfig, scopeKubeconfig } from "../../../../../components/cluster/existing/kubeconfig";

function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
    return (output as unknown as { promise(): Promise<T> }).promise();
}

it("a cloud's kubeconfig names the program that gets credentials, holds none, and is secret", async () => {
    const output = execKubeconfig({
        name: "landfall-prod",
        server: "https://203.0.113.7",
        certificateAuthority: "QUJD",
        exec: { command: process.execPath, args: ["token"], env: { REGION: "x-1" } },
    });
    expect(await pulumi.isSecret(output)).toBe(true);
    const text = await valueOf(output);
    // Any reader of kubeconfigs must find its way.
    expect(() => scopeKubeconfig(parseKubeconfig(text, "it"))).not.toThrow();
    const [{ user }] = (JSON.parse(text) as { users: { user: Record<string, unknown> }[] }).users;
    expect(Object.keys(user)).toEqual(["exec"]);
    expect(user.exec).toMatchObject({
        command: process.execPath, args: ["token"], env: [{ name: "REGION", value: "x-1" }], interactiveMode: "Never",
    });
});

describe("the program that gets credentials", () => {
    let directory: string;
    const check: LoginCheck = { command: "cloudlogin", args: ["whoami"], install: "Install it so.", login: "Log in so." };
    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
        vi.stubEnv("PATH", directory);
        vi.stubEnv("LANDFALL_RENDER", undefined);
        vi.stubEnv("LANDFALL_PLACEHOLDERS", "1");
    });
    afterEach(() => {
        vi.unstubAllEnvs();
        fs.rmSync(directory, { recursive: true });
    });
    const install = (body: string) => {
        fs.writeFileSync(path.join(directory, "cloudlogin"), `#!${process.execPath}\n${body}\n`, { mode: 0o755 });
    };
    // Windows starts no script without its interpreter.
    const scripts = it.runIf(process.platform !== "win32");

    it("is asked for by name where it is missing, with what to install", () => {
        expect(() => requireLogin(check)).toThrow("The program \"cloudlogin\" was not found on PATH; the cluster's " +
            "credentials come from it.\nInstall it so.\nNothing was changed.");
    });

    scripts("says what it said where it has no credentials, and how to log in", () => {
        install("console.error('token expired'); process.exit(3)");
        expect(() => requireLogin(check)).toThrow(
            "\"cloudlogin whoami\" did not succeed: token expired\nLog in so.\nNothing was changed.");
    });

    scripts("passes where it has them, and gets each argument as it is", () => {
        install("process.exit(process.argv[2] === 'a b' ? 0 : 1)");
        expect(() => requireLogin({ ...check, args: ["a b"] })).not.toThrow();
    });

    it("is not needed where the program is only rendered", () => {
        vi.stubEnv("LANDFALL_RENDER", "1");
        expect(() => requireLogin(check)).not.toThrow();
    });
});
