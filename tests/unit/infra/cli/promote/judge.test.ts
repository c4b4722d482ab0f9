import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Counts, countsIn, nothing, quantile, type Scrape, Tally } from "../../../../../infra/cli/promote/counts";
import { judge, type Pages, usual } from "../../../../../infra/cli/promote/judge";

const bounds = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, Infinity];
/** Counts of answers that took so many milliseconds each. */
function countsOf(durations: readonly number[], failures = 0): Counts {
    return { requests: durations.length, failures, within: new Map(bounds.map(bound => [bound, durations.filter(each => each <= bound).length])) };
}
const wellPages: Pages = { asked: 0, failed: 0, good: 5, wrong: [] };
const many = (count: number, ms = 20) => countsOf(Array.from({ length: count }, () => ms));
const at = (proxy: string, counts?: Counts): Scrape => ({ proxy, ...(counts && { counts }) });

describe("the tally of the proxies", () => {
    it("counts each request since the first look once, whichever proxies restart, come, go or are silent", () => {
        // Each step: a proxy serves some requests and is seen or not, or restarts after it was seen.
        const step = fc.record({ proxy: fc.integer({ min: 0, max: 3 }), served: fc.integer({ min: 0, max: 50 }), failed: fc.nat(5), then: fc.constantFrom("seen", "unseen", "restarted", "reset") });
        fc.assert(fc.property(fc.array(fc.nat(1000), { maxLength: 4 }), fc.array(step, { maxLength: 40 }), (before, steps) => {
            const proxies = Array.from({ length: 4 }, (_, index) => ({ generation: 0, requests: before[index] ?? 0, failures: 0, exists: before[index] !== undefined }));
            const scrapes = () => proxies.flatMap(({ generation, requests, failures, exists }, index) => exists
                ? [at(`${index}/${generation}`, { requests, failures, within: new Map([[Infinity, requests]]) })] : []);
            const tally = new Tally(scrapes());
            let [requests, failures] = [0, 0];
            for (const { proxy, served, failed, then } of steps) {
                const one = proxies[proxy];
                one.exists = true;
                one.requests += served;
                one.failures += Math.min(failed, served);
                requests += served;
                failures += Math.min(failed, served);
                if (then === "unseen") continue;
                tally.add(scrapes());
                if (then === "restarted") Object.assign(one, { generation: one.generation + 1, requests: 0, failures: 0 });
            }
            tally.add(scrapes());
            expect([tally.total.requests, tally.total.failures, tally.total.within.get(Infinity) ?? 0]).toEqual([requests, failures, requests]);
        }));
    });

    it("takes counts that became less for new ones", () => {
        const tally = new Tally([at("a/0", many(500))]);
        tally.add([at("a/0", many(30))]);
        expect(tally.total.requests).toBe(30);
    });

    it("leaves out what a proxy counted before, if it was silent at the first look", () => {
        const tally = new Tally([at("a/0")]);
        tally.add([at("a/0", many(1000))]);
        tally.add([at("a/0", many(1010))]);
        expect(tally.total.requests).toBe(10);
    });

    it("begins with the next look if the gateway couldn't be asked at first", () => {
        const tally = new Tally(undefined);
        tally.add([at("a/0", many(1000))]);
        tally.add([at("a/0", many(1010)), at("b/0", many(5))]);
        expect(tally.total.requests).toBe(15);
    });

    it("keeps what was seen of a proxy that is gone", () => {
        const tally = new Tally([at("a/0", many(5))]);
        tally.add([at("a/0", many(9))]);
        tally.add([]);
        expect(tally.total.requests).toBe(4);
    });
});

describe("the 99th percentile", () => {
    it("is within the bounds of the answer at that place", () => {
        fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 9999 }), { minLength: 1, maxLength: 300 }), durations => {
            const exact = [...durations].sort((a, b) => a - b)[Math.ceil(0.99 * durations.length) - 1];
            const found = quantile(countsOf(durations), 0.99)!;
            const upper = bounds.find(bound => bound >= exact)!;
            const lower = bounds[bounds.indexOf(upper) - 1] ?? 0;
            expect(found).toBeGreaterThanOrEqual(lower);
            expect(found).toBeLessThanOrEqual(upper);
        }));
    });

    it("is unknown without answers, and endless beyond the largest bound", () => {
        expect([quantile(nothing(), 0.99), quantile(countsOf([20_000]), 0.99)]).toEqual([undefined, Infinity]);
    });

    it("decides exactly at the usual limit, which is a bound", () => {
        const slow = (count: number) => quantile(countsOf([...Array.from({ length: 1000 - count }, () => 20), ...Array.from({ length: count }, () => 1500)]), 0.99)!;
        expect(slow(10)).toBeLessThanOrEqual(usual.p99);
        expect(slow(11)).toBeGreaterThan(usual.p99);
    });
});

describe("a version", () => {
    const verdict = (counts: Counts, isOver = true, pages = wellPages, limits = {}) => judge(counts, pages, { ...usual, ...limits }, isOver);

    it("is good with enough requests, few failures and fast answers", () => {
        expect(verdict(many(1000))).toEqual({ result: "good", reasons: [] });
        expect(verdict({ ...many(1000), failures: 10 }).result).toBe("good");
    });

    it("isn't good before its time is over", () => expect(verdict(many(1000), false).result).toBe("unknown"));

    it.each<[string, Counts, Pages, RegExp]>([
        ["no requests", nothing(), wellPages, /only 0 requests of visitors came/],
        ["too few requests", many(99), wellPages, /only 99 requests/],
        ["enough requests, but most its own", many(150), { ...wellPages, asked: 60 }, /only 90 requests/],
        ["too many failures", { ...many(1000), failures: 11 }, wellPages, /11 of 1000 requests failed, 1\.1 %/],
        ["failures that its own good checks would hide", { ...many(1100), failures: 11 }, { ...wellPages, asked: 100 }, /11 of 1000 requests failed/],
        ["slow answers", many(1000, 1001), wellPages, /1 % of the answers took longer than/],
        ["slow answers that its own fast checks would hide", countsOf([...Array.from({ length: 218 }, () => 20), 1500, 1500]), { ...wellPages, asked: 120 }, /1 % of the answers took longer than/],
        ["an error page at the end", many(1000), { ...wellPages, wrong: ["/: it is empty"] }, /shows an error page: \/: it is empty/],
        ["no page that could be looked at", many(1000), { ...wellPages, good: 0 }, /not every page that is watched could be looked at/],
    ])("is bad with %s", (_, counts, pages, message) => {
        const { result, reasons } = verdict(counts, true, pages);
        expect(result).toBe("bad");
        expect(reasons.join()).toMatch(message);
    });

    it("is bad at once if visitors suffer, rather than at the end", () => {
        expect(verdict({ ...many(100), failures: 5 }, false).result).toBe("bad");
        expect(verdict(many(10), false, { ...wellPages, wrong: ["a", "b"] }).result).toBe("bad");
    });

    it("isn't bad at once for what may still change: few requests, a single failure among few, slow first answers, one odd page", () => {
        for (const counts of [nothing(), { ...many(3), failures: 1 }, many(1000, 3000)]) expect(verdict(counts, false).result).toBe("unknown");
        expect(verdict(many(10), false, { ...wellPages, wrong: ["a"] }).result).toBe("unknown");
    });

    it("is judged without visitors only if one says so, and then by what there is", () => {
        expect(verdict(many(12), true, { ...wellPages, asked: 12 }, { requests: 0 }).result).toBe("good");
        expect(verdict({ ...many(20), failures: 3 }, true, { ...wellPages, asked: 12 }, { requests: 0 }).result).toBe("bad");
        expect(verdict(many(12, 1500), true, { ...wellPages, asked: 12 }, { requests: 0 }).result).toBe("bad");
    });

    it("never becomes good by more failures or fewer requests", () => {
        fc.assert(fc.property(fc.nat(2000), fc.nat(100), fc.nat(100), (requests, failures, more) => {
            const counts = (failed: number) => ({ ...many(requests), failures: Math.min(failed, requests) });
            if (verdict(counts(failures)).result === "bad") expect(verdict(counts(failures + more)).result).toBe("bad");
        }));
    });
});

describe("Envoy's statistics", () => {
    const text = `# TYPE envoy_cluster_upstream_rq_xx counter
envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="production_web_80"} 90
envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="production_web_80"} 7
envoy_cluster_upstream_rq_xx{envoy_response_code_class="3",envoy_cluster_name="production_web_80"} 3
envoy_cluster_external_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="production_web_80"} 7
envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="production_cm-acme-http-solver-x1_8089"} 50
envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="production-2_web_80"} 50
envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="uat_web_80"} 50
# TYPE envoy_cluster_upstream_rq_time histogram
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="production_web_80",le="0.5"} 10
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="production_web_80",le="1000"} 99
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="production_web_80",le="+Inf"} 100
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="uat_web_80",le="+Inf"} 5000
`;
    it("are counted of this environment's own services, and of no other's", () => {
        expect(countsIn(text, "production", ["web"])).toEqual({ requests: 100, failures: 7, within: new Map([[0.5, 10], [1000, 99], [Infinity, 100]]) });
    });

    it("of something else count nothing", () => expect(countsIn("<html>503</html>", "production", ["web"])).toEqual(nothing()));
});
