import { onTestFinished } from "vitest";
import { ask, Site, suiteSite } from "./site";
import { figure } from "./stack";
import { sleep } from "./wait";

/** A page, which PHP and the database make, among four files: enough to notice a gap, and light on a small computer. */
const paths = ["/", ...Array<string>(4).fill("/wp-includes/images/w-logo-blue.png")];
const perSecond = 5;

/** Light, bounded load: five requests a second for a minute at most, each over a connection of its own. */
export class Load {
    private readonly failures: string[] = [];
    private readonly underWay = new Set<Promise<void>>();
    private ok = 0;
    private stopped = false;
    private readonly loop: Promise<void>;

    /** `site`: another one than the suite's; `longest`: seconds after which no more is asked. */
    constructor(
        private readonly name: string, private readonly site: Site = suiteSite, private readonly longest = 60,
    ) {
        onTestFinished(() => { this.stopped = true; }); // also where it fails before the end
        this.loop = this.run();
    }

    /** Ends the load; returns what failed, after all requests have been answered. */
    async end(): Promise<string[]> {
        this.stopped = true;
        await this.loop;
        await Promise.all(this.underWay);
        figure(this.name, `${this.ok} requests ok, ${this.failures.length} failed`);
        return this.failures;
    }

    /** How many requests have been answered well. */
    get answered(): number {
        return this.ok;
    }

    private async run(): Promise<void> {
        const begin = Date.now();
        for (let i = 0; !this.stopped && i < this.longest * perSecond; i++) {
            const request = this.one(paths[i % paths.length]).finally(() => this.underWay.delete(request));
            this.underWay.add(request);
            await sleep(Math.max(0, begin + ((i + 1) * 1000) / perSecond - Date.now()));
        }
    }

    private async one(path: string): Promise<void> {
        const begin = Date.now();
        const failed = (what: string) => {
            const seconds = ((Date.now() - begin) / 1000).toFixed(1);
            this.failures.push(`${new Date(begin).toISOString().slice(11, 23)} ${what} after ${seconds} s`);
        };
        try {
            const { status } = await ask({ path }, this.site);
            if (status === 200) this.ok++;
            else failed(`GET ${path}: ${status}`);
        } catch (error) {
            failed((error as Error).message);
        }
    }
}
