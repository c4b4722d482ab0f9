import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { browserCommand, isKnown, main as open } from "../../../../infra/cli/open";
import { webAddress } from "../../../../infra/cli/status/collect";
import { now } from "../../fixtures/stack-objects";
import { stackThatIsUp } from "../../support/running-stack";

const { api, run } = stackThatIsUp();

describe("npm run open", () => {
    let answer = 200;
    let whenAsked = (): void => undefined;
    const site = http.createServer((_request, response) => {
        whenAsked();
        response.writeHead(answer).end();
    });
    beforeAll(() => new Promise<void>(resolve => site.listen(0, "127.0.0.1", resolve)));
    afterAll(() => void site.close());
    beforeEach(() => {
        answer = 200;
        whenAsked = () => undefined;
        api.address = `http://wordpress.localhost:${(site.address() as AddressInfo).port}`;
    });

    it("opens the address once it answers", async () => {
        vi.stubEnv("DISPLAY", ":0");
        let opened: string[] = [];
        const { code, output } = await run(args => open(args, command => { opened = command; return Promise.resolve(true); }), []);
        expect({ code, output }).toEqual({ code: 0, output: opened.length > 0 ? `Opened ${api.address}\n` : `${api.address}\n` });
    });

    it("prints the address where no browser opens", async () => {
        expect(await run(args => open(args, () => Promise.resolve(false)), [])).toMatchObject({ code: 0, output: `${api.address}\n` });
        expect(await run(args => open(args, () => Promise.reject(new Error("not with --print"))), ["--print"])).toMatchObject({ output: `${api.address}\n` });
    });

    it("says what came instead of a page, and points to the status", async () => {
        vi.useFakeTimers({ now, toFake: ["Date"], shouldAdvanceTime: false });
        answer = 503;
        whenAsked = () => void vi.setSystemTime(now + 61_000);
        await expect(run(args => open(args, () => Promise.resolve(true)), [])).rejects.toThrow(/does not answer with a page: 503\n.*npm run status/);
    });

    it.each([["127.0.0.1:8443", ":8443"], ["203.0.113.11", ""], ["[::1]:9443", ":9443"], ["a.elb.example.com", ""], ["", ""]])("finds services at the port of the gateway %j", async (endpoint, port) => {
        api.address = undefined;
        api.endpoint = endpoint;
        const timer = setInterval(() => void vi.setSystemTime(Date.now() + 30_000), 50);
        onTestFinished(() => clearInterval(timer));
        await expect(run(args => open(args, () => Promise.resolve(true)), [])).rejects.toThrow(`https://wordpress.localhost${port} does not answer`);
    });

    it("gives no browser an address that isn't one of the web", () => {
        expect(["file:///etc/passwd", "javascript:alert(1)", "https://user:secret@example.com", "-psn", ""].map(webAddress)).toEqual(Array(5).fill(undefined));
        expect(webAddress("https://wordpress.localhost:8443")).toBe("https://wordpress.localhost:8443");
    });

    it.each<[string, NodeJS.Platform, boolean, boolean]>([
        ["wordpress.localhost", "linux", false, true], ["wordpress.localhost", "win32", false, true],
        ["wordpress.localhost", "darwin", false, false], ["wordpress.localhost", "darwin", true, true],
        ["shop.example.com", "linux", false, false], ["shop.example.com", "win32", true, true],
    ])("says whether a browser finds %s on %s, where the system does so: %s", async (hostname, platform, resolves, expected) => {
        expect(await isKnown(hostname, platform, () => (resolves ? Promise.resolve() : Promise.reject(new Error("ENOTFOUND"))))).toBe(expected);
    });

    const address = "https://wordpress.localhost:8443/?a=1&b=$(c)";
    it.each<[string, NodeJS.Platform, NodeJS.ProcessEnv, string[], string[] | undefined]>([
        ["Windows", "win32", {}, [], ["rundll32", "url.dll,FileProtocolHandler", address]],
        ["macOS", "darwin", {}, [], ["open", address]],
        ["Linux with a screen", "linux", { WAYLAND_DISPLAY: "wayland-0" }, ["xdg-open"], ["xdg-open", address]],
        ["Linux without one", "linux", {}, ["xdg-open"], undefined],
        ["Linux without a browser", "linux", { DISPLAY: ":0" }, [], undefined],
        ["a Mac that one is logged in to by SSH", "darwin", { SSH_CONNECTION: "203.0.113.7 50000 203.0.113.9 22" }, [], undefined],
        ["Windows by SSH", "win32", { SSH_CONNECTION: "203.0.113.7 50000 203.0.113.9 22" }, [], undefined],
        ["Linux by SSH with a screen", "linux", { SSH_CONNECTION: "203.0.113.7 50000 203.0.113.9 22", DISPLAY: "localhost:10.0" }, ["xdg-open"], ["xdg-open", address]],
        ["Windows's Linux", "linux", { WSL_DISTRO_NAME: "Debian" }, ["wslview"], ["wslview", address]],
    ])("uses the browser of %s, with the address as one argument", (_, platform, env, programs, expected) => {
        expect(browserCommand(address, { platform, env, has: program => programs.includes(program) })).toEqual(expected);
    });
});
