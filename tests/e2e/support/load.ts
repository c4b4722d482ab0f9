import { onTestFinished } from "vitest";
import { type Answer, ask, Site, suiteSite } from "./site";
import { figure } from "./stack";
import { stoodStillSince } from "./stalls";
import { sleep } from "./wait";

/** A page, which PHP and the database make, among four files: enough to notice a gap, and light on a small computer. */
const paths = ["/", ...Array<string>(4).fill("/wp-includes/images/w-logo-blue.png")];
const usual = { paths, perSecond: 5 };

/** Bounded load: at most so many requests a second, each over a connection of its own. A computer that is too slow gets fewer. */
export class Load {
    private readonly failures: string[] = [];
    private readonly underWay = new Set<Promise<void>>();
    private ok = 0;
    private stopped = false;
    private readonly loop: Promise<void>;

    /**
     * `site`: another one than the suite's; `longest`: seconds after which no more is asked, also where nobody ends it;
     * `isGood`: what counts as answered; `asked`: other paths, and how many requests a second.
     */
    constructor(
        private readonly name: string, private readonly site: Site = suiteSite, private readonly longest = 1200,
        private readonly isGood = ({ status }: Answer): boolean => status === 200,
        private readonly asked: { paths: string[]; perSecond: number } = usual,
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
        const { paths, perSecond } = this.asked;
        for (let i = 0; !this.stopped && Date.now() - begin < this.longest * 1000; i++) {
            const request = this.one(paths[i % paths.length]).finally(() => this.underWay.delete(request));
            this.underWay.add(request);
            await sleep(1000 / perSecond);
            while (this.underWay.size >= 2 * perSecond) await Promise.race(this.underWay);
        }
    }

    private async one(path: string): Promise<void> {
        const begin = Date.now();
        const failure = await ask({ path }, this.site).then(
            answer => (this.isGood(answer) ? undefined : `GET ${path}: ${answer.status}`), (error: Error) => error.message);
        if (failure === undefined) {
            this.ok++;
            return;
        }
        const seconds = ((Date.now() - begin) / 1000).toFixed(1);
        if (await stoodStillSince(begin)) figure(`${this.name}, not counted, as the test stood still meanwhile`, failure);
        else this.failures.push(`${new Date(begin).toISOString().slice(11, 23)} ${failure} after ${seconds} s`);
    }
}
