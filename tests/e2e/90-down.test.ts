import * as fs from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { added, holdings, holdingsAtRest } from "./support/docker";
import type { Ended } from "./support/npm";
import { processesWith } from "./support/processes";
import { ask } from "./support/site";
import { before, down, ensureUp, figure, forgetStart, home } from "./support/stack";
import { until } from "./support/wait";

describe("taken down", () => {
    let refused: Ended;
    let kept: number;
    let ended: Ended;

    beforeAll(async () => {
        await ensureUp();
        expect(added(await holdings(), before).containers.length).toBeGreaterThanOrEqual(2);
        refused = await down();
        kept = added(await holdings(), before).containers.length;
        ended = await down("--yes");
        forgetStart();
    });

    it("is refused where nobody can be asked about the data, and changes nothing", () => {
        expect(refused.code).toBe(1);
        expect(refused.output).toMatch(/deletes the data in its volumes[^]*Nothing was changed[^]*--yes/);
        expect(kept).toBeGreaterThanOrEqual(2);
    });

    it("the stack says so", () => {
        expect(ended.code).toBe(0);
        expect(ended.output).toMatch(/The stack "e2e" is gone/);
        figure("npm run down", `${ended.seconds} s`);
    });

    it("it answers no more", async () => {
        // The authority's file is gone too.
        await expect(ask({ path: "/", ca: undefined })).rejects.toThrow("ECONNREFUSED");
        await expect(ask({ path: "/", insecure: true })).rejects.toThrow("ECONNREFUSED");
    });

    it("it leaves no process", async () => {
        await until("the processes to end", async () => processesWith(`LANDFALL_HOME=${home}`).length === 0, 120).catch(() => undefined);
        expect(processesWith(`LANDFALL_HOME=${home}`)).toEqual([]);
    });

    it("it leaves no file", () => {
        expect(fs.existsSync(home) ? fs.readdirSync(home, { recursive: true }) : []).toEqual([]);
    });

    it("it leaves no container, network or volume", async () => {
        // A daemon that `npm start` had started has ended with it, and is asked what it would still hold.
        expect(added(await holdingsAtRest(), before)).toEqual({ containers: [], networks: [], volumes: [] });
    });

    it("a second time there is nothing to do", async () => {
        const { code, output } = await down();
        expect(code).toBe(0);
        expect(output).toContain('There is no stack "e2e".');
    });
});
