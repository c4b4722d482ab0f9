// @ts-check
import { setTimeout as pause } from "node:timers/promises";

/** @import { Cluster, Workload } from "./cluster.mjs" */

/** Milliseconds between two looks at workloads that start or stop. */
const step = 200;
/** Milliseconds for which a request also waits for workloads that no request goes to, such as a worker. */
const patience = 10_000;
/** Milliseconds between two looks at jobs. */
const jobStep = 5000;

/**
 * Puts the workloads of an environment to sleep when nobody uses them, and wakes them. What they are is read from the
 * cluster, so a restart loses nothing but the time of the last use.
 */
export class Sleeper {
    /** @type {"awake" | "asleep" | "unknown"} `unknown` until all of them have been seen. */
    state = "unknown";
    /** Requests that wait for an answer. */
    pending = 0;
    /** Names of the workloads that the last look found not ready. @type {string[]} */
    missing = [];
    /** Called before the workloads stop. */
    beforeSleep = () => {};
    #used = performance.now();
    #jobsSeen = 0;
    /** @type {Promise<void> | undefined} */
    #waking;
    /** @type {Promise<void> | undefined} */
    #resting;

    /**
     * @param {Workload[]} workloads
     * @param {Pick<Cluster, "read" | "start" | "stop">} cluster
     * @param {{ sleepAfter: number, serving: string[], log?: (message: string) => void }} options
     * sleepAfter: milliseconds without a request. serving: names of the workloads that requests go to.
     */
    constructor(workloads, cluster, { sleepAfter, serving, log = () => {} }) {
        this.tasks = workloads.filter(({ kind }) => kind === "CronJob");
        this.jobs = workloads.filter(({ kind }) => kind === "Job");
        this.deployments = workloads.filter(({ kind }) => kind === "Deployment");
        this.sets = workloads.filter(({ kind }) => kind === "StatefulSet");
        this.cluster = cluster;
        this.sleepAfter = sleepAfter;
        this.serving = serving;
        this.log = log;
    }

    /** Notes that somebody uses the environment. */
    touch() {
        this.#used = performance.now();
    }

    /** Looks again before the next request: what should answer doesn't. */
    doubt() {
        if (this.state === "awake") this.state = "unknown";
    }

    /** Resolves once the workloads are ready. All who ask meanwhile wait for the same. @returns {Promise<void>} */
    wake() {
        this.touch();
        this.#waking ??= this.#wake().finally(() => { this.#waking = undefined; });
        return this.#waking;
    }

    async #wake() {
        // It notices, and stops.
        await this.#resting;
        const begin = performance.now();
        let hasSlept = false;
        for (;;) {
            const found = await this.#look([...this.sets, ...this.deployments]);
            const stopped = found.filter(({ stopped }) => stopped);
            hasSlept ||= stopped.length > 0;
            await Promise.all(stopped.map(({ workload }) => this.cluster.start(workload)));
            const missing = found.filter(({ ready }) => !ready).map(({ workload }) => workload.name);
            this.missing = missing;
            const needed = performance.now() - begin < patience ? missing : missing.filter(name => this.serving.includes(name));
            if (needed.length === 0 && stopped.length === 0) break;
            if (this.#idle() >= Math.max(this.sleepAfter, patience)) throw new Error("nobody waits any more");
            await pause(step);
        }
        const suspended = (await this.#look(this.tasks)).filter(({ stopped }) => stopped);
        await Promise.all(suspended.map(({ workload }) => this.cluster.start(workload)));
        this.state = "awake";
        if (hasSlept) this.log(`woke within ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    }

    /** Puts the workloads to sleep whenever nobody has used them for long enough. @param {AbortSignal} signal */
    async run(signal) {
        while (!signal.aborted) {
            await this.#attendToJobs().catch(error => this.log(`couldn't look at the jobs: ${error.message}`));
            if (this.state !== "asleep" && this.pending === 0 && this.#idle() >= this.sleepAfter) {
                let failed = false;
                this.#resting = this.#rest(signal).catch(error => {
                    failed = true;
                    this.log(`couldn't fall asleep: ${error.message}`);
                    // Tries again after as long.
                    this.touch();
                });
                await this.#resting;
                this.#resting = undefined;
                // A request on a connection that is open already doesn't ask for it.
                if (this.state === "unknown" && !failed && !signal.aborted) this.wake().catch(error => this.log(`couldn't wake: ${error.message}`));
            }
            await pause(Math.min(1000, this.sleepAfter / 5), undefined, { signal }).catch(() => {});
        }
    }

    /** A job, such as a migration, needs the others: while one runs, the environment is in use. */
    async #attendToJobs() {
        if (this.jobs.length === 0 || performance.now() - this.#jobsSeen < Math.min(jobStep, this.sleepAfter / 5)) return;
        this.#jobsSeen = performance.now();
        const found = await this.#look(this.jobs);
        if (found.every(({ ended }) => ended)) return;
        if (this.state === "awake") this.touch();
        else this.wake().catch(error => this.log(`couldn't wake: ${error.message}`));
    }

    /**
     * Stops the tasks, then what answers requests and what works, then what holds the data. A request ends it, and so does the
     * activator's own end: the next one may be waking them. @param {AbortSignal} signal
     */
    async #rest(signal) {
        const used = this.#used;
        const isUsed = () => signal.aborted || this.#used !== used;
        this.state = "unknown";
        for (const workloads of [this.tasks, this.deployments, this.sets]) {
            if (isUsed()) return;
            if (workloads !== this.tasks) this.beforeSleep();
            for (;;) {
                const found = await this.#look(workloads);
                if (isUsed()) return;
                // Each time: a start that nobody waits for any more may come after the first.
                const running = found.filter(({ stopped }) => !stopped);
                await Promise.all(running.map(({ workload }) => this.cluster.stop(workload)));
                if (running.length === 0 && found.every(({ ended }) => ended)) break;
                await pause(step);
            }
        }
        if (isUsed()) return;
        this.state = "asleep";
        this.log("asleep");
    }

    /** @param {Workload[]} workloads */
    #look(workloads) {
        return Promise.all(workloads.map(async workload => ({ workload, ...await this.cluster.read(workload) })));
    }

    #idle() {
        return performance.now() - this.#used;
    }
}
